//! TLS with certificates of one's own, against a server that has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use codersdk::{Client, ClientBuilder, Message, RetryPolicy, UsersApi};
use futures_util::{SinkExt, StreamExt};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;

use crate::server::user;

/// An authority that the system does not know.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for a name, and its key.
    fn certify(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// A server for `localhost` that answers each request with a user and echoes on WebSockets.
struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// With `clients`, it speaks only to those who show a certificate of that authority.
    async fn start(authority: &Authority, clients: Option<&Authority>) -> Self {
        let (certificate, key) = authority.certify("localhost");
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = match clients {
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.der.clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
            None => config.with_no_client_auth(),
        };
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    answer(stream, &count).await;
                });
            }
        });
        Self { port, requests }
    }

    fn builder(&self) -> ClientBuilder {
        let url = format!("https://localhost:{}", self.port);
        Client::builder(&url).no_proxy().retry(RetryPolicy::none()).session_token("t")
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TlsStream<TcpStream>, requests: &AtomicUsize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let Some(key) = header("sec-websocket-key") else {
        let body = user("a");
        let text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
        return;
    };
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let text = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: \
         {accept}\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
    let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(stream, role, None).await;
    while let Some(Ok(Frame::Text(text))) = socket.next().await {
        socket.send(Frame::Text(text)).await.unwrap();
    }
}

#[tokio::test]
async fn roots_of_ones_own_are_trusted_for_calls_and_sockets() {
    let authority = Authority::new();
    let server = Server::start(&authority, None).await;
    let client = server.builder().root_certificates_pem(authority.pem.as_str()).build().unwrap();
    assert_eq!(client.user("me").await.unwrap().username, "a");
    let mut socket = client.dial("/api/v2/x").await.unwrap();
    socket.send(Message::Text("hello".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Text("hello".into()));
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let authority = Authority::new();
    let server = Server::start(&authority, None).await;
    let other = Authority::new();
    for builder in [server.builder(), server.builder().root_certificates_pem(other.pem)] {
        let client = builder.build().unwrap();
        let error = client.user("me").await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        assert!(client.dial("/api/v2/x").await.is_err());
    }
    // The certificate is for another name.
    let url = format!("https://127.0.0.1:{}", server.port);
    let builder = Client::builder(&url).no_proxy().retry(RetryPolicy::none()).root_certificates_pem(authority.pem);
    assert!(builder.build().unwrap().user("me").await.unwrap_err().is_connect());
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_whom_asks_for_one() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = Server::start(&authority, Some(&clients)).await;
    let builder = || server.builder().root_certificates_pem(authority.pem.as_str());
    assert!(builder().build().unwrap().user("me").await.is_err());
    let (foreign, key) = authority.certify("me");
    let foreign = builder().client_certificate_pem(key.serialize_pem() + &foreign.pem()).build().unwrap();
    assert!(foreign.user("me").await.is_err());
    assert_eq!(server.requests(), 0);
    let (own, key) = clients.certify("me");
    let client = builder().client_certificate_pem(key.serialize_pem() + &own.pem()).build().unwrap();
    assert_eq!(client.user("me").await.unwrap().username, "a");
    client.dial("/api/v2/x").await.unwrap();
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn tls_goes_through_a_proxy_that_sees_only_where_to() {
    let authority = Authority::new();
    let server = Server::start(&authority, None).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:s3cret@{}", listener.local_addr().unwrap());
    let port = server.port;
    let seen = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await.unwrap());
        }
        let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        String::from_utf8(head).unwrap()
    });
    let builder = server.builder().proxy(&proxy).root_certificates_pem(authority.pem.as_str());
    let client = builder.build().unwrap();
    assert_eq!(client.user("me").await.unwrap().username, "a");
    let head = seen.await.unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{port} HTTP/1.1\r\n")), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic dxnlcjpzm2nyzxq="), "{head}");
    assert!(!head.contains("Coder-Session-Token"), "{head}");
}
