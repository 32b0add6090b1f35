use super::{FileError, Files, LsFile, LsRelativity, LsRequest, LsResponse};
use crate::fs::path;
use crate::quote::quoted;

impl Files {
    /// Lists a directory: the one at `path`, or where that is empty, the one that the request tells.
    /// Route: `POST /api/v0/list-directory`.
    ///
    /// # Errors
    /// 404 if there is none, 403 if it may not be read, 500 for a file, a relative path or an unknown relativity.
    pub fn list_directory(&self, path: &str, request: &LsRequest) -> Result<LsResponse, FileError> {
        let folder = if path.is_empty() { self.asked_folder(request)? } else { path.to_owned() };
        if !path::is_absolute(&folder) {
            return Err(FileError::new(500, format!("path must be absolute: {}", quoted(path))));
        }
        let opening = |error| FileError::of(&error).within(&format!("failed to open directory {}", quoted(&folder)));
        let (_, metadata) = self.fs.open(&folder).map_err(opening)?;
        if !metadata.is_dir {
            return Err(FileError::new(500, format!("path {} is not a directory", quoted(&folder))));
        }
        let entries = self.fs.entries(&folder).map_err(opening)?;
        let mut contents: Vec<LsFile> = entries
            .into_iter()
            .map(|entry| LsFile {
                absolute_path_string: path::join(&[&folder, &entry.name]),
                name: entry.name,
                is_dir: entry.is_dir,
            })
            .collect();
        contents.sort_by(|a, b| b.is_dir.cmp(&a.is_dir).then_with(|| a.name.cmp(&b.name)));
        let absolute_path =
            folder.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>().into();
        Ok(LsResponse { absolute_path, absolute_path_string: folder, contents: contents.into() })
    }

    fn asked_folder(&self, request: &LsRequest) -> Result<String, FileError> {
        let start = match &request.relativity {
            LsRelativity::Root => "/".to_owned(),
            LsRelativity::Home => {
                let unknown = "failed to get user home directory: $HOME is not defined";
                self.fs.home().ok_or_else(|| FileError::new(500, unknown))?
            }
            other => {
                return Err(FileError::new(500, format!("unsupported relativity type {}", quoted(other.as_str()))));
            }
        };
        let names = std::iter::once(start.as_str()).chain(request.path.iter().map(String::as_str));
        Ok(path::join(&names.collect::<Vec<_>>()))
    }
}
