/// The media type of a file by the end of its name, whatever is in it, as far as it is the same on every machine.
pub fn media_type(path: &str) -> &'static str {
    known_media_type(&extension(path).to_lowercase()).unwrap_or("application/octet-stream")
}

/// What follows the last dot of a path's last name; empty if there is no dot.
pub fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |dot| &name[dot + 1..])
}

/// The media type that goes with an extension in small letters on every machine.
pub fn known_media_type(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "bin" | "com" | "exe" => "application/octet-stream",
        "gz" => "application/gzip",
        "json" => "application/json",
        "doc" => "application/msword",
        "pdf" => "application/pdf",
        "ai" | "eps" | "ps" => "application/postscript",
        "rdf" => "application/rdf+xml",
        "rtf" => "application/rtf",
        "apk" => "application/vnd.android.package-archive",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "wasm" => "application/wasm",
        "xht" | "xhtml" => "application/xhtml+xml",
        "zip" => "application/zip",
        "flac" => "audio/flac",
        "m4a" => "audio/mp4",
        "mp3" => "audio/mpeg",
        "oga" | "ogg" | "opus" => "audio/ogg",
        "wav" => "audio/wav",
        "webm" => "audio/webm",
        "apng" => "image/apng",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "gif" => "image/gif",
        "jfif" | "jpeg" | "jpg" | "pjp" | "pjpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "ico" => "image/vnd.microsoft.icon",
        "webp" => "image/webp",
        "xbm" => "image/x-xbitmap",
        "eml" => "message/rfc822",
        "ics" => "text/calendar; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "ehtml" | "htm" | "html" | "shtml" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "text" | "txt" => "text/plain; charset=utf-8",
        "vtt" => "text/vtt; charset=utf-8",
        "xbl" | "xml" | "xsl" => "text/xml; charset=utf-8",
        "mp4" => "video/mp4",
        "ogv" => "video/ogg",
        _ => return None,
    })
}
