//! Hashes of passwords: PBKDF2 with SHA-256, in the text form `$pbkdf2-sha256$iterations$salt$hash`.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;

/// How often a password is hashed on a server that others can reach: enough to make guessing slow.
pub(crate) const DEFAULT_ITERATIONS: NonZeroU32 = NonZeroU32::new(65_535).expect("not zero");

const SCHEME: &str = "pbkdf2-sha256";
const HASH_LENGTH: usize = 64;
const SALT_LENGTH: usize = 16;

/// Compared with where there is no hash, so that a missing user takes as long as a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let random: [u8; 32] = rand::random();
    hash_now(&hex::encode(random), DEFAULT_ITERATIONS)
});

/// How many passwords are hashed at once; the rest wait, so that a flood of sign-ins leaves room for other work.
static SLOTS: Semaphore = Semaphore::const_new(4);

/// Hashes a password, away from the threads that serve requests.
pub(crate) async fn hash(password: String, iterations: NonZeroU32) -> String {
    in_background(move || hash_now(&password, iterations)).await
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _slot = SLOTS.acquire().await.expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
}

/// Whether the password is the one that was hashed. An empty hash matches nothing, and takes as long to say so.
pub(crate) async fn matches(hash: String, password: String) -> bool {
    in_background(move || matches_now(if hash.is_empty() { &NOBODY } else { &hash }, &password)).await
}

/// Hashes a password on this thread; for few iterations only.
pub(crate) fn hash_now(password: &str, iterations: NonZeroU32) -> String {
    let salt: [u8; SALT_LENGTH] = rand::random();
    let mut hash = [0; HASH_LENGTH];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut hash);
    format!("${SCHEME}${iterations}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash))
}

fn matches_now(hash: &str, password: &str) -> bool {
    let parts: Vec<&str> = hash.split('$').collect();
    let ["", SCHEME, iterations, salt, expected] = parts[..] else { return false };
    let (Ok(iterations), Ok(salt), Ok(expected)) =
        (iterations.parse(), STANDARD_NO_PAD.decode(salt), STANDARD_NO_PAD.decode(expected))
    else {
        return false;
    };
    pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &expected).is_ok()
}

/// How hard a password must be to guess, in bits.
const MIN_ENTROPY: f64 = 52.0;
const MAX_LENGTH: usize = 64;

const REPLACEMENTS: &str = "!@$&*";
const SEPARATORS: &str = "_-., ";
const SPECIALS: &str = "\"#%'()+/:;<=>?[\\]^{|}~";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

/// Whether a password is hard enough to guess, and short enough.
///
/// # Errors
/// What would make it better.
pub(crate) fn validate(password: &str) -> Result<(), String> {
    if entropy(password) < MIN_ENTROPY {
        let has = |class: &str| password.chars().any(|c| class.contains(c));
        let mut advice = Vec::new();
        if ![REPLACEMENTS, SEPARATORS, SPECIALS].into_iter().all(has) {
            advice.push("including more special characters");
        }
        for (class, text) in
            [(LOWER, "using lowercase letters"), (UPPER, "using uppercase letters"), (DIGITS, "using numbers")]
        {
            if !has(class) {
                advice.push(text);
            }
        }
        return Err(match &advice[..] {
            [] => "insecure password, try using a longer password".to_owned(),
            advice => format!("insecure password, try {} or using a longer password", advice.join(", ")),
        });
    }
    if password.len() > MAX_LENGTH {
        return Err(format!("password must be no more than {MAX_LENGTH} characters"));
    }
    Ok(())
}

/// The bits of a random text of the same length from the same kinds of characters, where repeats and runs of the
/// keyboard count for little.
fn entropy(password: &str) -> f64 {
    let distinct: std::collections::BTreeSet<char> = password.chars().collect();
    let classes = [REPLACEMENTS, SEPARATORS, SPECIALS, LOWER, UPPER, DIGITS];
    let of_class = |class: &&str| distinct.iter().any(|c| class.contains(*c));
    let known: usize = classes.iter().filter(|class| of_class(class)).map(|class| class.len()).sum();
    let unknown = distinct.iter().filter(|c| !classes.iter().any(|class| class.contains(**c))).count();
    let mut chars = without_repeats(password);
    let runs = [DIGITS, "qwertyuiop", "asdfghjkl", "zxcvbnm", LOWER];
    let reversed = runs.map(|run| run.chars().rev().collect::<String>());
    for run in runs.iter().copied().chain(reversed.iter().map(String::as_str)) {
        without_run(&mut chars, run);
    }
    let length: usize = chars.iter().map(|c| c.len_utf8()).sum();
    let base = u32::try_from(known + unknown).unwrap_or(u32::MAX);
    f64::from(base.max(1)).log2() * f64::from(u32::try_from(length).unwrap_or(u32::MAX))
}

/// The text with at most two equal characters in a row.
fn without_repeats(text: &str) -> Vec<char> {
    let mut kept: Vec<char> = Vec::new();
    for c in text.chars() {
        if !kept.ends_with(&[c, c]) {
            kept.push(c);
        }
    }
    kept
}

/// Takes out what follows two characters of a run as a third.
fn without_run(chars: &mut Vec<char>, run: &str) {
    let (mut at, mut matches) = (0, 0);
    while at < chars.len() {
        for c in run.chars() {
            match chars.get(at) {
                None => break,
                Some(found) if *found != c => matches = 0,
                Some(_) => {
                    matches += 1;
                    if matches > 2 {
                        chars.remove(at);
                    } else {
                        at += 1;
                    }
                }
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: NonZeroU32 = NonZeroU32::new(2).unwrap();

    #[tokio::test]
    async fn only_the_password_itself_matches() {
        let hash = hash("correct horse".to_owned(), FEW).await;
        assert!(hash.starts_with("$pbkdf2-sha256$2$") && !hash.contains("horse"));
        assert!(matches(hash.clone(), "correct horse".to_owned()).await);
        assert!(!matches(hash.clone(), "Correct horse".to_owned()).await);
        assert!(!matches(String::new(), String::new()).await);
        assert!(!matches("$other$1$AA$AA".to_owned(), "x".to_owned()).await);
        assert_ne!(hash, hash_now("correct horse", FEW));
    }

    #[test]
    fn weak_passwords_come_with_advice() {
        assert!(validate("SomeSecurePassword!").is_ok());
        assert_eq!(
            validate("testing").unwrap_err(),
            "insecure password, try including more special characters, using uppercase letters, using numbers or using \
             a longer password"
        );
        assert!(validate(&"a".repeat(60)).is_err());
        assert!(validate("abcdefghijklmnopqrstuvwxyz").is_err());
        assert_eq!(validate(&"aB3!".repeat(17)).unwrap_err(), "password must be no more than 64 characters");
    }
}
