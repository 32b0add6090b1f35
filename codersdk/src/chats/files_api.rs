//! Calls about files of chats.

use async_trait::async_trait;
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// Files that people attach to chats.
///
/// ```
/// use codersdk::{ChatFileUpload, ChatFilesApi, ChatInputPart, Result};
///
/// /// Uploads a note and makes it a part of a message.
/// async fn attach(files: &dyn ChatFilesApi, organization: uuid::Uuid) -> Result<ChatInputPart> {
///     let upload = ChatFileUpload::bytes("text/plain", "# Notes").named("notes – today.md");
///     let file = files.upload_chat_file(organization, upload).await?;
///     Ok(ChatInputPart::file(file.id))
/// }
/// # let _ = attach;
/// ```
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait ChatFilesApi: Send + Sync {
    /// Uploads a file of at most [`MAX_CHAT_FILE_SIZE_BYTES`](crate::MAX_CHAT_FILE_SIZE_BYTES). Not repeated on
    /// failure.
    ///
    /// `POST /files`
    ///
    /// # Errors
    /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) for a media type that chats do not
    /// take, status 413 for a file that is too large.
    async fn upload_chat_file(&self, organization: Uuid, upload: ChatFileUpload) -> Result<UploadChatFileResponse> {
        Err(Error::unsupported("ChatFilesApi::upload_chat_file"))
    }

    /// Fetches a file.
    ///
    /// `GET /files/{file}`
    async fn get_chat_file(&self, file: Uuid) -> Result<ChatFile> {
        Err(Error::unsupported("ChatFilesApi::get_chat_file"))
    }
}

#[async_trait]
impl ChatFilesApi for Client {
    async fn upload_chat_file(&self, organization: Uuid, upload: ChatFileUpload) -> Result<UploadChatFileResponse> {
        let call = upload.into_request(organization);
        self.send(call).await?.json()
    }

    async fn get_chat_file(&self, file: Uuid) -> Result<ChatFile> {
        let call = Request::get_chats("/files/{file}", &[&file]).expect(&[200]);
        Ok(ChatFile::read(self.send(call).await?))
    }
}
