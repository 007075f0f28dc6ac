package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Http2Wire.END;
import static io.fairlead.proxy.http.Http2Wire.frameBytes;
import static io.fairlead.proxy.http.Http2Wire.literals;
import static io.fairlead.proxy.http.Http2Wire.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HttpLimits;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What costs a client little and a proxy much, over and over: it ends soon, memory stays small, and
 * others are served meanwhile.
 */
final class Http2FloodTest {
  /** More than the buffers of all honest exchanges of these tests together. */
  private static final long MEMORY = 8 * 1024 * 1024;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private InetSocketAddress node;

  @BeforeEach
  void startNode() throws IOException {
    TestNode started = leftOver.closes(TestNode.start("127.0.0.1", 0, "n", Behaviour.PLAIN));
    node = new InetSocketAddress(InetAddress.getLoopbackAddress(), started.port());
  }

  /**
   * @param most repetitions that may be read before the connection is cut off: what the guard
   *     allows at once, and a little that comes back meanwhile
   * @param repeated what is sent over and over, by its number
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares floods
  record Flood(String name, int most, byte[] first, IntFunction<byte[]> repeated) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Flood> floods() {
    byte[] none = {};
    byte[] post = headers(1, 0, "POST", "/delay/60000");
    return Stream.of(
        new Flood(
            "rapid reset",
            700,
            none,
            i -> join(headers(2 * i + 1, END, "GET", "/delay/60000"), reset(2 * i + 1))),
        new Flood(
            "resets that we are made to send",
            700,
            none,
            i -> join(headers(2 * i + 1, END, "GET", "/delay/60000"), window(2 * i + 1, 0))),
        new Flood(
            "requests that are none",
            700,
            none,
            i -> frameBytes(Http2.HEADERS, END | Http2.END_HEADERS, 2 * i + 1, new byte[] {})),
        new Flood(
            "requests beyond the number of streams",
            1000,
            none,
            i -> headers(2 * i + 1, 0, "POST", "/delay/60000")),
        new Flood("PING", 1800, none, i -> frameBytes(Http2.PING, 0, 0, new byte[8])),
        new Flood("SETTINGS", 1800, none, i -> frameBytes(Http2.SETTINGS, 0, 0, none)),
        new Flood(
            "acknowledgements", 1800, none, i -> frameBytes(Http2.SETTINGS, Http2.ACK, 0, none)),
        new Flood("PRIORITY", 1800, none, i -> frameBytes(Http2.PRIORITY, 0, 7, new byte[5])),
        new Flood("frames of unknown types", 1800, none, i -> frameBytes(0x42, 0, 7, none)),
        new Flood("GOAWAY", 1800, none, i -> frameBytes(Http2.GOAWAY, 0, 0, new byte[8])),
        new Flood("DATA of nothing", 1800, post, i -> frameBytes(Http2.DATA, 0, 1, none)),
        new Flood("window updates by one", 8000, post, i -> window(1, 1)),
        new Flood("window updates of the connection", 8000, none, i -> window(0, 1)),
        new Flood(
            "CONTINUATION of nothing",
            40,
            frameBytes(Http2.HEADERS, END, 1, none),
            i -> frameBytes(Http2.CONTINUATION, 0, 1, none)),
        new Flood(
            "CONTINUATION of much",
            40,
            frameBytes(Http2.HEADERS, END, 1, none),
            i -> frameBytes(Http2.CONTINUATION, 0, 1, new byte[16_000])));
  }

  @ParameterizedTest
  @MethodSource("floods")
  void aFloodIsCutOff(Flood flood) throws Exception {
    ProxyFixture proxy = leftOver.watches(ProxyFixture.start(node));
    try (Bystander bystander = new Bystander(proxy.address())) {
      Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
      client.sync(); // or the answer to the first SETTINGS might get between what is sent
      CompletableFuture<Integer> end = reading(client);
      client.send(flood.first);
      int sent = 0;
      int batch = Math.clamp(flood.most / 20, 1, 50);
      try {
        while (!end.isDone() && sent < 100_000) {
          ByteArrayOutputStream some = new ByteArrayOutputStream();
          for (int i = 0; i < batch; i++) {
            some.writeBytes(flood.repeated.apply(sent++));
          }
          client.send(some.toByteArray());
          assertThat(proxy.dataPlane().bufferBytesInUse()).isLessThan(MEMORY);
          if (sent > flood.most) {
            // All that was allowed is on its way: it must have been too much.
            Await.value(true, end::isDone, "cut off after " + sent);
          }
        }
      } catch (SocketException _) {
        // cut off while it was sending
      }
      assertThat(Http2Wire.name(end.get())).isEqualTo("ENHANCE_YOUR_CALM");
      assertThat(proxy.errors(ErrorReason.HTTP2_FLOOD)).isOne();
      bystander.servedMore();
      client.close();
      Node flooded = proxy.service().nodes().all()[0];
      Await.nothing(
          () -> // what nobody wants any more has been connected, too
          flooded.connections() <= proxy.dataPlane().pools().idle(flooded) + 1
                  ? ""
                  : "connections on the way");
    }
    Node member = proxy.service().nodes().all()[0];
    Await.nothing(() -> {
      proxy.dataPlane().closeIdle(member); // hundreds may have been left unused
      return member.connections() == 0 ? "" : member.connections() + " connections to the node";
    });
  }

  /** Reads all that comes; the answer is the code of the GOAWAY, which may be lost to a reset. */
  private static CompletableFuture<Integer> reading(Http2Wire client) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return client.end();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  /** Heads have no window: what holds them back is that nobody reads further requests. */
  @Test
  void aClientThatNeverReadsIsNotReadFrom() throws Exception {
    ProxyFixture proxy = leftOver.watches(ProxyFixture.start(node));
    try (Bystander bystander = new Bystander(proxy.address())) {
      Http2Wire client = leftOver.closes(Http2Wire.slowClient(proxy.address()));
      long[] sent = {0};
      Thread sending =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int stream = 1; stream < 400_000; stream += 2) {
                    client.send(headers(stream, END, "HEAD", "/evil/../.."));
                    sent[0]++;
                  }
                } catch (IOException _) {
                  // the proxy, or the test, has had enough
                }
              });
      for (int i = 0; i < 5; i++) {
        bystander.servedMore();
        assertThat(proxy.dataPlane().bufferBytesInUse()).isLessThan(MEMORY);
      }
      long before;
      do { // until nothing goes any more
        before = sent[0];
        bystander.servedMore();
        assertThat(proxy.dataPlane().bufferBytesInUse()).isLessThan(MEMORY);
      } while (sent[0] > before);
      assertThat(sent[0]).isLessThan(199_999);
      client.close();
      sending.join();
    }
  }

  /** One hundred answers of a megabyte, and no window for any of them. */
  @Test
  void answersThatNobodyTakesHoldLittleAndNotForEver() throws Exception {
    ProxyFixture proxy = leftOver.watches(ProxyFixture.start(node));
    setRateSpan(proxy, Duration.ofMillis(300));
    try (Bystander bystander = new Bystander(proxy.address())) {
      Http2Wire client =
          leftOver.closes(Http2Wire.client(proxy.address(), Http2.INITIAL_WINDOW_SIZE, 0));
      for (int stream = 1; stream < 200; stream += 2) {
        client.get(stream, "/bytes/1000000");
      }
      for (int stream = 1; stream < 200; stream += 2) {
        Http2Wire.Stream answer = client.answer(stream);
        assertThat(answer.body.length()).isZero();
        assertThat(Http2Wire.name(answer.reset)).isEqualTo("CANCEL");
        assertThat(proxy.dataPlane().bufferBytesInUse()).isLessThan(2 * MEMORY);
      }
      bystander.servedMore();
      client.window(0, 100).settings(Http2.INITIAL_WINDOW_SIZE, 100);
      assertThat(client.get(201, "/bytes/100").answer(201).status()).isEqualTo(200);
    }
  }

  @Test
  void aHeaderBlockThatStallsIsCutOff() throws Exception {
    ProxyFixture proxy = quick();
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address())).mute();
    client.frame(Http2.HEADERS, END, 1, literals(request("GET", "/1")));
    assertThat(Http2Wire.name(client.end())).isEqualTo("ENHANCE_YOUR_CALM");
    assertThat(proxy.errors(ErrorReason.REQUEST_TIMEOUT)).isOne();
  }

  /** While streams go on, they keep time; when they have ended, the frame has to come. */
  @Test
  void aFrameThatStallsBehindTheLastStreamIsCutOff() throws Exception {
    ProxyFixture proxy = quick();
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.get(1, "/delay/600").send(new byte[] {0, 0, 8, 6});
    assertThat(client.answer(1).status()).isEqualTo(200);
    assertThat(Http2Wire.name(client.end())).isEqualTo("ENHANCE_YOUR_CALM");
  }

  @Test
  void aClientThatSaysNothingIsCutOff() throws Exception {
    ProxyFixture proxy = quick();
    Http2Wire client = leftOver.closes(Http2Wire.silent(proxy.address())).mute();
    client.send(Http2.PREFACE);
    assertThat(Http2Wire.name(client.end())).isEqualTo("ENHANCE_YOUR_CALM");
  }

  /** A connection survives the resets of its own streams: their bytes are given back to it. */
  @Test
  void bodiesThatAreRefusedDoNotUseUpTheWindowOfTheConnection() throws Exception {
    ProxyFixture proxy = leftOver.watches(ProxyFixture.start(node));
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    String much = "x".repeat(16_000);
    int stream = 1;
    for (; stream < 2 * 100; stream += 2) { // 1.6 MB through a window of 1 MiB
      client.post(stream, "/1", "content-length: 5").data(stream, END, much);
      assertThat(Http2Wire.name(client.answer(stream).reset)).isEqualTo("PROTOCOL_ERROR");
    }
    client.post(stream, "/bytes/5", "content-length: 5").data(stream, END, "hello");
    assertThat(client.answer(stream).status()).isEqualTo(200);
  }

  private ProxyFixture quick() {
    HttpLimits d = ProxyFixture.limits();
    HttpLimits limits =
        new HttpLimits(
            d.connections(),
            d.headerBytes(),
            d.targetBytes(),
            d.headers(),
            d.bodyBytes(),
            Duration.ofMillis(300),
            Duration.ofSeconds(60),
            0);
    return leftOver.watches(ProxyFixture.start(List.of(node), limits, Duration.ofSeconds(60), 1));
  }

  private static void setRateSpan(ProxyFixture proxy, Duration span) {
    ((HttpListenerState) proxy.listener().state())
        .setPolicy(proxy.policy(ProxyFixture.limits(), Duration.ofSeconds(60), span));
  }

  private static byte[] headers(int stream, int flags, String method, String path) {
    return frameBytes(
        Http2.HEADERS, flags | Http2.END_HEADERS, stream, literals(request(method, path)));
  }

  private static byte[] reset(int stream) {
    return frameBytes(Http2.RST_STREAM, 0, stream, new byte[] {0, 0, 0, Http2.CANCEL});
  }

  private static byte[] window(int stream, int more) {
    return frameBytes(Http2.WINDOW_UPDATE, 0, stream, new byte[] {0, 0, 0, (byte) more});
  }

  private static byte[] join(byte[] one, byte[] other) {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(one);
    both.writeBytes(other);
    return both.toByteArray();
  }
}
