//! Between the size that a model is told the desktop has, and the one that it has.

use workspacesdk::desktop::DesktopAction;

use super::DisplayConfig;

/// The two sizes of a desktop, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    native: (i64, i64),
    pub(super) declared: (i64, i64),
}

impl Geometry {
    /// The sizes that hold for an action.
    pub(super) fn of(display: DisplayConfig, action: &DesktopAction) -> Self {
        let declared = |asked: Option<i64>, native: i64| asked.filter(|asked| *asked > 0).unwrap_or(native).max(1);
        Self {
            native: (display.width.max(1), display.height.max(1)),
            declared: (declared(action.scaled_width, display.width), declared(action.scaled_height, display.height)),
        }
    }

    /// Where a point of the declared size is on the desktop.
    pub(super) fn to_native(self, [x, y]: [i64; 2]) -> (i64, i64) {
        (scale(x, self.declared.0, self.native.0), scale(y, self.declared.1, self.native.1))
    }

    /// Where a point of the desktop is in the declared size.
    pub(super) fn to_declared(self, (x, y): (i64, i64)) -> (i64, i64) {
        (scale(x, self.native.0, self.declared.0), scale(y, self.native.1, self.declared.1))
    }
}

/// Maps the middle of a pixel, and keeps it within.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "sizes of screens are small")]
fn scale(coordinate: i64, from: i64, to: i64) -> i64 {
    if from == to {
        return coordinate.clamp(0, to - 1);
    }
    let scaled = (coordinate as f64 + 0.5) * to as f64 / from as f64 - 0.5;
    scaled.clamp(0.0, (to - 1) as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_mapped_by_their_middle_and_kept_within() {
        let display = DisplayConfig { width: 1920, height: 1080 };
        let action = DesktopAction { scaled_width: Some(1280), scaled_height: Some(720), ..DesktopAction::default() };
        let geometry = Geometry::of(display, &action);
        assert_eq!(geometry.to_native([0, 0]), (0, 0));
        assert_eq!(geometry.to_native([640, 360]), (960, 540));
        assert_eq!(geometry.to_native([1279, 719]), (1919, 1079));
        assert_eq!(geometry.to_native([-5, 9999]), (0, 1079));
        assert_eq!(geometry.to_declared((1919, 1079)), (1279, 719));
        let native = Geometry::of(display, &DesktopAction::default());
        assert_eq!(native.declared, (1920, 1080));
        assert_eq!(native.to_native([1920, -1]), (1919, 0));
    }
}
