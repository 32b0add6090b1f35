//! Calls about files of chats.

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
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
    pub trait ChatFilesApi {
        /// Uploads a file of at most [`MAX_CHAT_FILE_SIZE_BYTES`](crate::MAX_CHAT_FILE_SIZE_BYTES). Not repeated on
        /// failure.
        ///
        /// `POST /files`
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) for a media type that chats do
        /// not take, status 413 for a file that is too large.
        async fn upload_chat_file(&self, organization: Uuid, upload: ChatFileUpload) -> UploadChatFileResponse;

        /// Fetches a file.
        ///
        /// `GET /files/{file}`
        async fn get_chat_file(&self, file: Uuid) -> ChatFile;
    }
}

#[async_trait::async_trait]
impl ChatFilesApi for Client {
    async fn upload_chat_file(&self, organization: Uuid, upload: ChatFileUpload) -> Result<UploadChatFileResponse> {
        self.send(upload.into_request(organization)).await?.json()
    }

    async fn get_chat_file(&self, file: Uuid) -> Result<ChatFile> {
        Ok(ChatFile::read(self.send(Request::get_chats("/files/{file}", &[&file]).expect(&[200])).await?))
    }
}
