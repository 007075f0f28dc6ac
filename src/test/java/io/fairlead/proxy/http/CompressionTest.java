package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.CompressConfig;
import java.io.IOException;
import java.util.List;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers that are packed on the way to the client, over HTTP/1.1 and HTTP/2. */
@Timeout(60)
final class CompressionTest {
  private static final String TEXT = "a line that comes again and again\n".repeat(60);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;
  private ProxyFixture proxy;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    proxy =
        leftOver
            .watches(ProxyFixture.start(node.address()))
            .compress(
                new CompressConfig(
                    CompressConfig.DEFAULT_CODINGS,
                    List.of("text/*", "application/json"),
                    1000,
                    3));
  }

  private Wire client() throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire accept() throws IOException {
    return leftOver.closes(node.accept());
  }

  private static String unpacked(CharSequence packed) throws IOException {
    return unpacked("gzip", packed);
  }

  private static String unpacked(String coding, CharSequence packed) throws IOException {
    return new String(
        PackerTest.unpacked(coding, packed.toString().getBytes(ISO_8859_1)), ISO_8859_1);
  }

  private static String get(String more) {
    return "GET / HTTP/1.1\r\nHost: x\r\n" + more + "\r\n\r\n";
  }

  private static String answer(String fields, String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: "
        + body.length()
        + "\r\n"
        + fields
        + "\r\n\r\n"
        + body;
  }

  @Test
  void whatIsPackedIsTheSameAndSaysSo() throws Exception {
    Wire client = client();
    Wire up = null;
    for (String body :
        new String[] {TEXT, "x".repeat(200_000), TEXT + TEXT}) { // one after the other
      client.send(get("Accept-Encoding: gzip, deflate"));
      up = up == null ? accept() : up;
      assertThat(up.request().values("accept-encoding")).containsExactly("gzip, deflate");
      up.send(
          answer(
              "Content-Type: Text/HTML; charset=utf-8\r\nETag: \"1\"\r\nAccept-Ranges: bytes",
              body));
      Received got = client.response();
      assertThat(got.values("content-encoding")).containsExactly("gzip");
      assertThat(got.values("vary")).containsExactly("accept-encoding");
      assertThat(got.values("etag")).containsExactly("W/\"1\"");
      assertThat(got.values("accept-ranges")).isEmpty();
      assertThat(got.values("content-length")).isEmpty();
      assertThat(got.values("transfer-encoding")).containsExactly("chunked");
      assertThat(got.body.length()).isLessThan(body.length() / 4);
      assertThat(unpacked(got.body)).isEqualTo(body);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "gzip                        | gzip",
        "x-gzip                      | gzip",
        "br                          | br",
        "zstd                        | zstd",
        "*                           | zstd",
        "gzip, deflate, br, zstd     | zstd",
        "gzip, deflate, br           | br",
        "gzip, br;q=0.9              | gzip",
        "br;q=0.5, gzip;q=0.8, *;q=0.1 | gzip",
        "zstd;q=0, *                 | br",
        "GZIP ; Q=0.001              | gzip",
        "deflate, compress           | ~~",
        "identity                    | ~~",
        "gzip;q=0                    | ~~",
        "gzip;q=0, *                 | zstd",
        "*;q=0                       | ~~",
        "gzip;q=0.5, identity;q=0.6  | ~~",
        "gzip;q=0.5, identity;q=0.5  | gzip",
        "gzip;q=2                    | ~~",
        "gzippy                      | ~~",
        "~~                          | ~~",
      })
  void theClientDecides(String accepted, String coding) throws Exception {
    Wire client = client().send(get("Accept-Encoding: " + accepted));
    Wire up = accept();
    up.request();
    up.send(answer("Content-Type: text/plain", TEXT));
    Received got = client.response();
    assertThat(String.join("", got.values("content-encoding"))).isEqualTo(coding);
    assertThat(got.values("vary")).containsExactly("accept-encoding");
    assertThat(unpacked(coding, got.body)).isEqualTo(TEXT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | Content-Type: image/png",
        "200 | X-Type: text/plain",
        "200 | Content-Type: text/event-stream",
        "200 | Content-Type: application/jsonp",
        "206 | Content-Type: text/plain~~Content-Range: bytes 0-1/9",
        "200 | Content-Type: text/plain~~Content-Range: bytes 0-1/9",
        "200 | Content-Type: text/plain~~Content-Encoding: br",
        "200 | Content-Type: text/plain~~Cache-Control: public, No-Transform",
        "200 | Content-Type: text/plain~~Content-Digest: sha-256=:x:",
      })
  void theNodeDecides(int status, String fields) throws Exception {
    Wire client = client().send(get("Accept-Encoding: gzip"));
    Wire up = accept();
    up.request();
    up.send(answer(fields.replace("~~", "\r\n"), TEXT).replace("200", "" + status));
    Received got = client.response();
    assertThat(got.body.toString()).isEqualTo(TEXT);
    assertThat(got.values("content-length")).hasSize(1);
    assertThat(got.values("vary")).isEmpty();
  }

  @Test
  void whatHasNoBodyOrASmallOneStaysAsItIs() throws Exception {
    Wire client = client();
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
    Wire up = accept();
    up.request();
    up.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n");
    Received head = client.responseToHead();
    assertThat(head.values("content-length")).containsExactly("5000");
    assertThat(head.values("vary")).containsExactly("accept-encoding");
    client.send(get("Accept-Encoding: gzip"));
    up.request();
    up.send(answer("Content-Type: text/plain", "small"));
    assertThat(client.response().body.toString()).isEqualTo("small");
    client.send(get("Accept-Encoding: gzip"));
    up.request();
    up.send("HTTP/1.1 304 Not Modified\r\nContent-Type: text/plain\r\nETag: \"1\"\r\n\r\n");
    assertThat(client.response().values("etag")).containsExactly("\"1\"");
    Wire old = client().send("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
    up.request();
    up.send(answer("Content-Type: text/plain", TEXT));
    assertThat(old.response().body.toString()).isEqualTo(TEXT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "none | 0..",
        "hello world! | 5.hello.6. world.1.!.0..",
      })
  void theFirstThatIsPackedIsWhole(@Nullable String text, String chunks) throws Exception {
    Wire client = client().send(get("Accept-Encoding: gzip"));
    Wire up = accept();
    up.request();
    up.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunks.replace(".", "\r\n"));
    assertThat(unpacked(client.response().body)).isEqualTo(text == null ? "" : text);
  }

  @Test
  void whatComesPieceByPieceIsNotHeldBack() throws Exception {
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.get(1, "/", "accept-encoding: gzip");
    Wire up = accept();
    up.request();
    up.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
    up.send("5\r\nhello\r\n");
    client.head(1);
    assertThat(whatCanBeRead(client, "hello")).isEqualTo("hello");
    up.send("6\r\n world\r\n");
    assertThat(whatCanBeRead(client, "hello world")).isEqualTo("hello world");
    up.send("0\r\n\r\n");
    Http2Wire.Stream answer = client.answer(1);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.value("content-encoding")).isEqualTo("gzip");
    assertThat(answer.value("content-length")).isEmpty();
    assertThat(answer.ended).isTrue();
  }

  /** As soon as it is that much. */
  private static String whatCanBeRead(Http2Wire client, String wanted) throws Exception {
    int count = 1;
    while (true) {
      byte[] bytes = client.body(1, count).getBytes(ISO_8859_1);
      Inflater inflater = new Inflater(true);
      inflater.setInput(bytes, Math.min(10, bytes.length), Math.max(0, bytes.length - 10));
      byte[] out = new byte[100];
      String text = new String(out, 0, inflater.inflate(out), ISO_8859_1);
      inflater.end();
      if (text.length() >= wanted.length()) {
        return text;
      }
      count = bytes.length + 1;
    }
  }

  @Test
  void overHttp2ManyAtOnceAndOneThatIsCutAndOneThatGoes() throws Exception {
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    Wire[] ups = new Wire[3];
    for (int i = 0; i < 3; i++) {
      client.get(2 * i + 1, "/", "accept-encoding: gzip");
      ups[i] = accept();
      ups[i].request();
      ups[i].send(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
              + TEXT.length()
              + "\r\n\r\n"
              + TEXT.substring(0, 1000));
      client.head(2 * i + 1);
    }
    client.reset(3, Http2.CANCEL).sync();
    ups[2].close();
    ups[0].send(TEXT.substring(1000));
    Http2Wire.Stream whole = client.answer(1);
    assertThat(unpacked(whole.body)).isEqualTo(TEXT);
    Http2Wire.Stream cut = client.answer(5);
    assertThat(cut.ended).isFalse();
    assertThat(cut.reset).isGreaterThanOrEqualTo(0);
  }
}
