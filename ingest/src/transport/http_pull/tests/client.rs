//! Over real connections: where a client goes, and where it does not (invariant SAFE).

use std::sync::PoisonError;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use url::Url;

use super::{
    super::{
        answer::{Body, Said},
        client::{Asks, Client},
        hosts::Hosts,
        request::Request,
        secrets::AllSecrets,
    },
    *,
};

/// What a server does with a request.
enum Does {
    /// Answers, and keeps the connection.
    Answers(String),
    /// Closes the connection without a word.
    HangsUp,
}

/// A server on loopback, which writes down what it is asked for.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(does: impl Fn(usize, &str) -> Does + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (log, does) = (asked.clone(), Arc::new(does));
        let _serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, does) = (log.clone(), does.clone());
                let _connection = tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let mut path = String::new();
                    loop {
                        let mut line = String::new();
                        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                            return;
                        }
                        if let Some(rest) = line.strip_prefix("GET ") {
                            path = rest.split(' ').next().unwrap_or_default().to_owned();
                        }
                        if !line.trim_end().is_empty() {
                            continue;
                        }
                        let number = {
                            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                            log.push(path.clone());
                            log.len()
                        };
                        let Does::Answers(answer) = does(number, &path) else { return };
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Server { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    /// A client of it, with a key that nobody may see.
    fn client(&self) -> Client {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("apis.toml"), "[listing]\nkeys = { apikey = \"k3y\" }\n").unwrap();
        let of = HttpPullFeed { url: self.url("/x").into(), ..feed(How::Whole, false) };
        let login = AllSecrets::read(data.path()).unwrap().of("listing", &of).unwrap();
        let hosts = Arc::new(Hosts::new(60_000));
        Client::new(&self.url("/x"), login, &[], hosts, Arc::default(), Duration::from_secs(10), 1_000)
    }

    async fn ask(&self, client: &mut Client) -> Result<Said, CannotFetch> {
        client.ask(&Request { url: self.url("/x"), body: None, validator: None }).await
    }
}

fn answered(status: &str, more: &str, body: &str) -> Does {
    let length = body.len();
    Does::Answers(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{more}\r\n{body}"))
}

fn body(said: Result<Said, CannotFetch>) -> String {
    let Ok(Said::Answer(answer)) = said else { panic!("{said:?}") };
    let Body::Whole(bytes, _) = answer.body else { panic!() };
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn safe_a_redirect_within_the_host_is_followed_with_the_keys_and_no_further_than_a_few_times() {
    let server = Server::start(|_, path| match path.split('?').next() {
        Some("/x") => answered("302 Found", "Location: /y?a=1\r\n", ""),
        _ => answered("200 OK", "", "here"),
    })
    .await;
    assert_eq!(body(server.ask(&mut server.client()).await), "here");
    assert_eq!(server.asked(), ["/x?apikey=k3y", "/y?a=1&apikey=k3y"]);
    let circle = Server::start(|_, _| answered("302 Found", "Location: /x\r\n", "")).await;
    let error = circle.ask(&mut circle.client()).await.unwrap_err();
    assert!(error.is_fault && error.en.contains("302"), "{error}");
    assert_eq!(circle.asked().len(), 6);
}

#[tokio::test]
async fn safe_a_redirect_to_another_port_is_told_and_nobody_is_asked_there() {
    let other = Server::start(|_, _| answered("200 OK", "", "there")).await;
    let location = format!("Location: {}\r\n", other.url("/x?apikey=k3y"));
    let server = Server::start(move |_, _| answered("307 Temporary Redirect", &location, "")).await;
    let error = server.ask(&mut server.client()).await.unwrap_err();
    assert!(error.is_fault && error.en.contains("another place"), "{error}");
    assert!(!format!("{error:?}").contains("k3y"), "{error:?}");
    assert_eq!((server.asked().len(), other.asked().len()), (1, 0));
}

#[tokio::test]
async fn a_kept_connection_that_is_lost_is_made_again_once_and_a_new_one_is_not() {
    let server = Server::start(|number, _| match number {
        2 | 4 | 5 => Does::HangsUp,
        _ => answered("200 OK", "", "here"),
    })
    .await;
    let mut client = server.client();
    for asked in [1, 3] {
        assert_eq!(body(server.ask(&mut client).await), "here");
        assert_eq!(server.asked().len(), asked);
    }
    // The kept one is lost again, and so is the new one: that is the server's.
    let error = server.ask(&mut client).await.unwrap_err();
    assert!(!error.is_fault && error.en.contains("lost"), "{error}");
    assert_eq!(server.asked().len(), 5);
    assert_eq!(body(server.ask(&mut client).await), "here");
}

#[tokio::test]
async fn what_is_not_there_is_no_failure_whichever_status_says_so() {
    let server = Server::start(|number, _| match number {
        1 => answered("422 Unprocessable Content", "", ""),
        2 => answered("410 Gone", "", ""),
        3 => Does::Answers("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        _ => answered("403 Forbidden", "", ""),
    })
    .await;
    let mut client = server.client();
    for status in [422, 410] {
        let said = server.ask(&mut client).await.unwrap();
        assert!(matches!(said, Said::Refused(said) if said == status), "{said:?}");
    }
    assert!(matches!(server.ask(&mut client).await, Ok(Said::Nothing)));
    assert!(server.ask(&mut client).await.unwrap_err().is_fault);
}
