//! What kind of content bytes are, told by their first few kilobytes.

/// How much of the content is looked at, in bytes.
const READ_LIMIT: usize = 3072;

/// Signatures of binary formats: where they stand, what they are, and the media type. The first match counts.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"/* XPM */", "image/x-xpixmap"),
    (0, b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"PK\x07\x08", "application/zip"),
    (0, b"%FDF", "application/vnd.fdf"),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"),
    (0, b"%!PS-Adobe-", "application/postscript"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"OggS", "application/ogg"),
    (0, b"\x89PNG\r\n\x1A\n", "image/png"),
    (0, b"\xFF\xD8\xFF", "image/jpeg"),
    (0, b"\xFF\x0A", "image/jxl"),
    (0, b"\0\0\0\x0CJXL \r\n\x87\n", "image/jxl"),
    (0, b"\0\0\0\x0CjP  \r\n\x87\n", "image/jp2"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7FELF", "application/x-elf"),
    (0, b"!<arch>", "application/x-archive"),
    (257, b"ustar", "application/x-tar"),
    (0, b"xar!", "application/x-xar"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (0, b"\0\0\x02\0", "image/x-icon"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC\0\0\0\x22", "audio/flac"),
    (0, b"MThd", "audio/midi"),
    (0, b"MAC ", "audio/ape"),
    (0, b"#!AMR", "audio/amr"),
    (0, b".snd", "audio/basic"),
    (0, b"\x1AE\xDF\xA3", "video/webm"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\xFF\xF1", "audio/aac"),
    (0, b"\xFF\xF9", "audio/aac"),
    (0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (0, b"\x1F\x8B", "application/gzip"),
    (0, b"\xCA\xFE\xBA\xBE", "application/x-java-applet"),
    (0, b"CWS", "application/x-shockwave-flash"),
    (0, b"FWS", "application/x-shockwave-flash"),
    (0, b"ZWS", "application/x-shockwave-flash"),
    (0, b"\0\x01\0\0\0", "font/ttf"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\0", "font/otf"),
    (0, b"ttcf\0", "font/collection"),
    (0, b"\0asm", "application/wasm"),
    (128, b"DICM", "application/dicom"),
    (0, b"Rar!\x1A\x07\0", "application/x-rar-compressed"),
    (0, b"Rar!\x1A\x07\x01\0", "application/x-rar-compressed"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\xFE\xED\xFA\xCE", "application/x-mach-binary"),
    (0, b"\xCF\xFA\xED\xFE", "application/x-mach-binary"),
    (0, b"\x28\xB5\x2F\xFD", "application/zstd"),
    (0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (0, b"\xED\xAB\xEE\xDB", "application/x-rpm"),
    (0, b"\xFD7zXZ\0", "application/x-xz"),
    (0, b"LZIP", "application/lzip"),
    (0, b"d8:announce", "application/x-bittorrent"),
    (0, b"glTF\x02\0\0\0", "model/gltf-binary"),
    (0, b"glTF\x01\0\0\0", "model/gltf-binary"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
];

/// Beginnings of text formats after white space, in capitals; a blank or `>` must follow.
const HTML_TAGS: &[&str] = &[
    "<!DOCTYPE HTML",
    "<HTML",
    "<HEAD",
    "<SCRIPT",
    "<IFRAME",
    "<H1",
    "<DIV",
    "<FONT",
    "<TABLE",
    "<A",
    "<STYLE",
    "<TITLE",
    "<B",
    "<BODY",
    "<BR",
    "<P",
];

/// Interpreters named on a first line that begins with `#!`.
const INTERPRETERS: &[(&str, &str)] = &[
    ("node", "text/javascript"),
    ("nodejs", "text/javascript"),
    ("lua", "text/x-lua"),
    ("perl", "text/x-perl"),
    ("python", "text/x-python"),
    ("python2", "text/x-python"),
    ("python3", "text/x-python"),
    ("ruby", "text/x-ruby"),
    ("tclsh", "text/x-tcl"),
    ("php", "text/x-php"),
    ("sh", "text/x-shellscript"),
    ("bash", "text/x-shellscript"),
    ("zsh", "text/x-shellscript"),
    ("dash", "text/x-shellscript"),
    ("ash", "text/x-shellscript"),
    ("ksh", "text/x-shellscript"),
    ("csh", "text/x-shellscript"),
    ("tcsh", "text/x-shellscript"),
    ("fish", "text/x-shellscript"),
];

/// The media type of the content, without parameters; `application/octet-stream` where nothing is recognised.
pub(crate) fn detect(data: &[u8]) -> &'static str {
    let head = &data[..data.len().min(READ_LIMIT)];
    if let Some(found) = binary(head) {
        return found;
    }
    if is_text(head) { text_kind(head, data.len() >= READ_LIMIT) } else { "application/octet-stream" }
}

fn binary(head: &[u8]) -> Option<&'static str> {
    // A PDF may have anything before its header.
    if contains(&head[..head.len().min(1024)], b"%PDF-") {
        return Some("application/pdf");
    }
    if let Some(found) = container(head) {
        return Some(found);
    }
    SIGNATURES
        .iter()
        .find(|(at, signature, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(signature)))
        .map(|(_, _, media_type)| *media_type)
        .or_else(|| is_mp3_frame(head).then_some("audio/mpeg"))
        .or_else(|| is_mpeg(head).then_some("video/mpeg"))
}

/// Formats whose kind stands behind a length or a common frame.
fn container(head: &[u8]) -> Option<&'static str> {
    let kind = head.get(8..12).unwrap_or_default();
    match head.get(..4)? {
        b"RIFF" => match kind {
            b"WEBP" => Some("image/webp"),
            b"WAVE" => Some("audio/wav"),
            b"AVI " => Some("video/x-msvideo"),
            b"QLCM" => Some("audio/qcelp"),
            _ => None,
        },
        b"FORM" if matches!(kind, b"AIFF" | b"AIFC") => Some("audio/aiff"),
        _ => match head.get(4..8)? {
            b"ftyp" => Some(iso_media(kind)),
            b"moov" | b"mdat" | b"free" | b"skip" | b"pnot" => Some("video/quicktime"),
            _ => None,
        },
    }
}

fn iso_media(brand: &[u8]) -> &'static str {
    match brand {
        b"qt  " | b"moov" => "video/quicktime",
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" => "image/heic",
        b"mif1" => "image/heif",
        b"M4A " => "audio/x-m4a",
        b"M4V " => "video/x-m4v",
        brand if brand.starts_with(b"3gp") => "video/3gpp",
        _ => "video/mp4",
    }
}

fn is_mp3_frame(head: &[u8]) -> bool {
    matches!(head, [0xFF, second, _, ..] if matches!(second & 0xFE, 0xFA | 0xF2 | 0xE2))
}

fn is_mpeg(head: &[u8]) -> bool {
    matches!(head, [0, 0, 1, 0xB0..=0xBF, ..])
}

fn contains(head: &[u8], needle: &[u8]) -> bool {
    head.windows(needle.len()).any(|window| window == needle)
}

/// Whether there is no byte that text does not have, or a byte order mark in front.
fn is_text(head: &[u8]) -> bool {
    const MARKS: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFE\xFF", b"\xFF\xFE"];
    MARKS.iter().any(|mark| head.starts_with(mark))
        || !head.iter().any(|b| matches!(b, 0..=0x08 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F))
}

fn text_kind(head: &[u8], cut: bool) -> &'static str {
    let trimmed = head.trim_ascii_start();
    let upper = trimmed[..trimmed.len().min(64)].to_ascii_uppercase();
    if HTML_TAGS.iter().any(|tag| is_tag(&upper, tag.as_bytes())) || upper.starts_with(b"<!--") {
        return "text/html";
    }
    if is_tag(&upper, b"<SVG") {
        return "image/svg+xml";
    }
    if upper.starts_with(b"<?XML") {
        return "text/xml";
    }
    if upper.starts_with(b"<?PHP") || upper.starts_with(b"<?\n") || upper.starts_with(b"<? ") {
        return "text/x-php";
    }
    if let Some(found) = interpreter(head) {
        return found;
    }
    match json::scan(head, cut) {
        Some(json::Kind::Json) => return "application/json",
        Some(json::Kind::Geo) => return "application/geo+json",
        Some(json::Kind::Gltf) => return "model/gltf+json",
        None => {}
    }
    let lines = whole_lines(head, cut);
    if json::are_lines(lines) {
        return "application/x-ndjson";
    }
    if head.starts_with(b"{\\rtf") {
        return "text/rtf";
    }
    if is_subrip(head) {
        return "application/x-subrip";
    }
    if is_table(lines, b',') {
        return "text/csv";
    }
    if is_table(lines, b'\t') {
        return "text/tab-separated-values";
    }
    for (start, found) in [
        (&b"BEGIN:VCARD"[..], "text/vcard"),
        (b"BEGIN:VCALENDAR", "text/calendar"),
        (b"WARC/1.", "application/warc"),
        (b"WEBVTT", "text/vtt"),
    ] {
        if head.starts_with(start) {
            return found;
        }
    }
    "text/plain"
}

fn is_tag(upper: &[u8], tag: &[u8]) -> bool {
    upper.strip_prefix(tag).is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'>' | b'\t' | b'\n' | b'\r' | b'/')))
}

fn interpreter(head: &[u8]) -> Option<&'static str> {
    let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
    let line = str::from_utf8(line).ok()?;
    let mut words = line.split_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words.next()?;
    }
    INTERPRETERS.iter().find(|(name, _)| *name == program).map(|(_, media_type)| *media_type)
}

/// Subtitles: a line `1`, then a line of two times.
fn is_subrip(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    lines.next() == Some(b"1") && lines.next().is_some_and(|times| times.len() >= 25 && contains(times, b" --> "))
}

/// The content without its last line where that was cut off by the limit.
fn whole_lines(head: &[u8], cut: bool) -> &[u8] {
    match head.iter().rposition(|b| *b == b'\n') {
        Some(at) if cut => &head[..at],
        _ => head,
    }
}

/// Whether there are at least two records with the same number of fields, two or more.
fn is_table(lines: &[u8], comma: u8) -> bool {
    let mut fields = Vec::new();
    let mut rest = lines;
    while !rest.is_empty() && fields.len() < 10 {
        let (count, after) = record(rest, comma);
        rest = after;
        fields.extend(count);
    }
    fields.len() >= 2 && fields[0] >= 2 && fields.iter().all(|n| *n == fields[0])
}

/// Counts the fields of a record; a comment or an empty line has no count. Quotes may span lines.
fn record(text: &[u8], comma: u8) -> (Option<usize>, &[u8]) {
    let mut fields = 1;
    let mut quoted = false;
    let mut end = text.len();
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                end = at;
                break;
            }
            byte if *byte == comma && !quoted => fields += 1,
            _ => {}
        }
    }
    let (line, rest) = text.split_at(end);
    let skipped = line.trim_ascii().is_empty() || line.starts_with(b"#");
    ((!skipped).then_some(fields), rest.get(1..).unwrap_or_default())
}

/// Whether the content is XML with `svg` as its root, whatever stands before it.
pub(crate) fn has_svg_root(data: &[u8]) -> bool {
    let mut rest = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', ..] => b">",
            [b'<', tag @ ..] => return is_svg_tag(tag),
            _ => return false,
        };
        match rest.windows(end.len()).position(|window| window == end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return false,
        }
    }
}

fn is_svg_tag(tag: &[u8]) -> bool {
    let name = tag.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).next().unwrap_or_default();
    let local = name.rsplit(|b| *b == b':').next().unwrap_or_default();
    local.eq_ignore_ascii_case(b"svg") && tag.contains(&b'>')
}

/// A JSON scanner that takes a text which was cut anywhere.
mod json {
    /// Nesting beyond which a text is no longer followed.
    const MAX_DEPTH: usize = 128;

    /// What a JSON text describes.
    pub(super) enum Kind {
        Json,
        Geo,
        Gltf,
    }

    enum Stop {
        /// The text ended inside a value.
        Cut,
        Invalid,
    }

    struct Scanner<'a> {
        text: &'a [u8],
        at: usize,
        geo: bool,
        gltf: bool,
    }

    const GEO_TYPES: [&[u8]; 9] = [
        b"Feature",
        b"FeatureCollection",
        b"Point",
        b"LineString",
        b"Polygon",
        b"MultiPoint",
        b"MultiLineString",
        b"MultiPolygon",
        b"GeometryCollection",
    ];

    /// Recognises an object or an array that is the whole text; the end may be missing where the text was cut.
    pub(super) fn scan(text: &[u8], cut: bool) -> Option<Kind> {
        if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return None;
        }
        let mut scanner = Scanner { text, at: 0, geo: false, gltf: false };
        match scanner.whole() {
            Ok(()) => {}
            Err(Stop::Cut) if cut => {}
            Err(_) => return None,
        }
        Some(if scanner.geo {
            Kind::Geo
        } else if scanner.gltf {
            Kind::Gltf
        } else {
            Kind::Json
        })
    }

    /// Whether every line is a JSON value and one of at least two is an object or an array.
    pub(super) fn are_lines(text: &[u8]) -> bool {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let mut count = 0;
        let mut nested = false;
        for line in text.split(|b| *b == b'\n') {
            let mut scanner = Scanner { text: line, at: 0, geo: false, gltf: false };
            if scanner.whole().is_err() {
                return false;
            }
            nested |= matches!(line.trim_ascii_start().first(), Some(b'{' | b'['));
            count += 1;
        }
        count > 1 && nested
    }

    impl<'a> Scanner<'a> {
        fn whole(&mut self) -> Result<(), Stop> {
            self.value(0)?;
            self.blanks();
            if self.at == self.text.len() { Ok(()) } else { Err(Stop::Invalid) }
        }

        fn peek(&self) -> Result<u8, Stop> {
            self.text.get(self.at).copied().ok_or(Stop::Cut)
        }

        fn blanks(&mut self) {
            while self.text.get(self.at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
        }

        fn value(&mut self, depth: usize) -> Result<(), Stop> {
            if depth > MAX_DEPTH {
                return Err(Stop::Invalid);
            }
            self.blanks();
            match self.peek()? {
                b'{' => self.object(depth),
                b'[' => self.array(depth),
                b'"' => self.string().map(|_| ()),
                b't' => self.word(b"true"),
                b'f' => self.word(b"false"),
                b'n' => self.word(b"null"),
                b'-' | b'0'..=b'9' => self.number(),
                _ => Err(Stop::Invalid),
            }
        }

        fn object(&mut self, depth: usize) -> Result<(), Stop> {
            self.at += 1;
            self.blanks();
            if self.peek()? == b'}' {
                self.at += 1;
                return Ok(());
            }
            loop {
                self.blanks();
                let key = self.string()?;
                self.blanks();
                self.expect(b':')?;
                self.blanks();
                if depth == 0 && key == b"type" && self.peek()? == b'"' {
                    let value = self.string()?;
                    self.geo |= GEO_TYPES.contains(&value);
                } else {
                    let start = self.at;
                    self.value(depth + 1)?;
                    self.gltf |=
                        depth == 0 && key == b"asset" && super::contains(&self.text[start..self.at], b"\"version\"");
                }
                self.blanks();
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => {
                        self.at += 1;
                        return Ok(());
                    }
                    _ => return Err(Stop::Invalid),
                }
            }
        }

        fn array(&mut self, depth: usize) -> Result<(), Stop> {
            self.at += 1;
            self.blanks();
            if self.peek()? == b']' {
                self.at += 1;
                return Ok(());
            }
            loop {
                self.value(depth + 1)?;
                self.blanks();
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => {
                        self.at += 1;
                        return Ok(());
                    }
                    _ => return Err(Stop::Invalid),
                }
            }
        }

        fn expect(&mut self, byte: u8) -> Result<(), Stop> {
            if self.peek()? == byte {
                self.at += 1;
                Ok(())
            } else {
                Err(Stop::Invalid)
            }
        }

        fn string(&mut self) -> Result<&'a [u8], Stop> {
            self.expect(b'"')?;
            let start = self.at;
            loop {
                match self.peek()? {
                    b'"' => {
                        self.at += 1;
                        return Ok(&self.text[start..self.at - 1]);
                    }
                    b'\\' => self.at += 2,
                    0..0x20 => return Err(Stop::Invalid),
                    _ => self.at += 1,
                }
            }
        }

        fn word(&mut self, word: &[u8]) -> Result<(), Stop> {
            for byte in word {
                self.expect(*byte)?;
            }
            Ok(())
        }

        fn number(&mut self) -> Result<(), Stop> {
            let start = self.at;
            while self.text.get(self.at).is_some_and(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
                self.at += 1;
            }
            let digits = str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
            let valid = serde_json::from_str::<serde_json::Number>(digits).is_ok();
            if valid {
                Ok(())
            } else if self.at == self.text.len() {
                Err(Stop::Cut)
            } else {
                Err(Stop::Invalid)
            }
        }
    }
}
