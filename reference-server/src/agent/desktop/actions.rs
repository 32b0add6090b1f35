//! What can be done on a desktop, by its names on the wire.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio_util::sync::CancellationToken;
use workspacesdk::desktop::{DesktopAction, DesktopActionResponse};

use super::geometry::Geometry;
use super::{Desktop, DesktopError, DisplayConfig, Input, MouseButton};
use crate::clock::SharedClock;
use crate::http::error::ApiError;

/// How far a wheel is turned that is not told, in clicks.
const SCROLL: i64 = 3;
/// How long a key is held that is not told, in milliseconds.
const HOLD: i64 = 1_000;
/// How long a key is held at most, in milliseconds.
const LONGEST_HOLD: i64 = 10 * 60 * 1_000;

/// Does what is asked.
pub(super) async fn perform(
    desktop: &Arc<dyn Desktop>,
    clock: &SharedClock,
    display: DisplayConfig,
    action: &DesktopAction,
) -> Result<DesktopActionResponse, ApiError> {
    let geometry = Geometry::of(display, action);
    let name = action.action.as_str();
    let mut answer = DesktopActionResponse { output: format!("{name} action performed"), ..Default::default() };
    let hand = Hand { desktop, geometry, action };
    match name {
        "key" => hand.r#do("Key press failed.", &[Input::Key(hand.text()?)]).await?,
        "key_down" => hand.r#do("Key down failed.", &[Input::KeyDown(hand.text()?)]).await?,
        "key_up" => hand.r#do("Key up failed.", &[Input::KeyUp(hand.text()?)]).await?,
        "type" => hand.r#do("Type action failed.", &[Input::Type(hand.text()?)]).await?,
        "cursor_position" => {
            let position = desktop.cursor().await.map_err(|error| failed("Cursor position failed.", &error))?;
            let (x, y) = geometry.to_declared(position);
            answer.output = format!("x={x},y={y}");
        }
        "mouse_move" => hand.r#do("Mouse move failed.", &[hand.at()?]).await?,
        "left_click" => hand.click("Left click failed.", MouseButton::Left, 1).await?,
        "right_click" => hand.click("Right click failed.", MouseButton::Right, 1).await?,
        "middle_click" => hand.click("Middle click failed.", MouseButton::Middle, 1).await?,
        "double_click" => hand.click("Double click failed.", MouseButton::Left, 2).await?,
        "triple_click" => {
            for _ in 0..3 {
                hand.click("Triple click failed.", MouseButton::Left, 1).await?;
            }
        }
        "left_click_drag" => hand.drag().await?,
        "left_mouse_down" => {
            hand.r#do("Left mouse down failed.", &[Input::ButtonDown(MouseButton::Left)]).await?;
        }
        "left_mouse_up" => hand.r#do("Left mouse up failed.", &[Input::ButtonUp(MouseButton::Left)]).await?,
        "scroll" => hand.scroll().await?,
        "hold_key" => hold(desktop, clock, hand.text()?, action.duration.unwrap_or(HOLD)).await?,
        "screenshot" => {
            let (width, height) = geometry.declared;
            let data = desktop.screenshot(width, height).await;
            answer.screenshot_data = data.map_err(|error| failed("Screenshot failed.", &error))?;
            (answer.screenshot_width, answer.screenshot_height) = geometry.declared;
            answer.output = "screenshot".to_owned();
        }
        _ => return Err(ApiError::bad_request(format!("Unknown action: {name}"))),
    }
    Ok(answer)
}

pub(super) fn failed(message: &str, error: &DesktopError) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message).detail(error.to_string())
}

/// What does an action.
struct Hand<'a> {
    desktop: &'a Arc<dyn Desktop>,
    geometry: Geometry,
    action: &'a DesktopAction,
}

impl<'a> Hand<'a> {
    fn text(&self) -> Result<&'a str, ApiError> {
        let missing = || ApiError::bad_request(format!("Missing \"text\" for {} action.", self.action.action));
        self.action.text.as_deref().ok_or_else(missing)
    }

    fn at(&self) -> Result<Input<'static>, ApiError> {
        let missing = || ApiError::bad_request(format!("Missing \"coordinate\" for {} action.", self.action.action));
        let (x, y) = self.geometry.to_native(self.action.coordinate.ok_or_else(missing)?);
        Ok(Input::Move(x, y))
    }

    /// Does one after the other, up to the first that fails.
    async fn r#do(&self, complaint: &str, inputs: &[Input<'_>]) -> Result<(), ApiError> {
        for input in inputs {
            self.desktop.input(*input).await.map_err(|error| failed(complaint, &error))?;
        }
        Ok(())
    }

    async fn click(&self, complaint: &str, button: MouseButton, times: usize) -> Result<(), ApiError> {
        let mut inputs = vec![self.at()?];
        inputs.extend(std::iter::repeat_n(Input::Click(button), times));
        self.r#do(complaint, &inputs).await
    }

    async fn drag(&self) -> Result<(), ApiError> {
        let (Some(end), Some(start)) = (self.action.coordinate, self.action.start_coordinate) else {
            let message = "Missing \"coordinate\" or \"start_coordinate\" for left_click_drag.";
            return Err(ApiError::bad_request(message));
        };
        let (from, to) = (self.geometry.to_native(start), self.geometry.to_native(end));
        let inputs = [
            Input::Move(from.0, from.1),
            Input::ButtonDown(MouseButton::Left),
            Input::Move(to.0, to.1),
            Input::ButtonUp(MouseButton::Left),
        ];
        self.r#do("Left click drag failed.", &inputs).await
    }

    async fn scroll(&self) -> Result<(), ApiError> {
        let at = self.at()?;
        let amount = self.action.scroll_amount.unwrap_or(SCROLL);
        let scroll = match self.action.scroll_direction.as_deref().unwrap_or("down") {
            "up" => Input::Scroll(0, amount.wrapping_neg()),
            "down" => Input::Scroll(0, amount),
            "left" => Input::Scroll(amount.wrapping_neg(), 0),
            "right" => Input::Scroll(amount, 0),
            other => return Err(ApiError::bad_request(format!("Invalid scroll direction: {other}"))),
        };
        self.r#do("Scroll failed.", &[at, scroll]).await
    }
}

/// Holds a key for a while, in milliseconds, or until nobody waits any more: it is released in any case.
async fn hold(desktop: &Arc<dyn Desktop>, clock: &SharedClock, key: &str, duration: i64) -> Result<(), ApiError> {
    let (desktop, clock, key) = (desktop.clone(), clock.clone(), key.to_owned());
    let duration = Duration::from_millis(duration.clamp(0, LONGEST_HOLD).unsigned_abs());
    let left = CancellationToken::new();
    let leave = left.clone().drop_guard();
    let holding = tokio::spawn(async move {
        desktop.input(Input::KeyDown(&key)).await.map_err(|error| failed("Key down failed.", &error))?;
        let _ = left.run_until_cancelled(clock.sleep(duration)).await;
        desktop.input(Input::KeyUp(&key)).await.map_err(|error| failed("Key up failed.", &error))
    });
    let held = holding.await.map_err(|error| ApiError::internal("Key down failed.", &error))?;
    drop(leave);
    held
}
