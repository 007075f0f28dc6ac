package io.fairlead.proxy.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One request after another through a real proxy over loopback. The client and the node here
 * allocate nothing, so that what {@code -prof gc} reports per operation is what the proxy allocates
 * per request. The time is that of two round trips and says little.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 4)
@Measurement(iterations = 3, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "-XX:+UseSerialGC",
      "-XX:+UseCompactObjectHeaders",
      "--enable-native-access=ALL-UNNAMED",
      "--sun-misc-unsafe-memory-access=allow",
      "-Dio.netty.leakDetection.level=disabled"
    })
@SuppressWarnings("NullAway.Init") // set up by start(), as JMH wants it
public class ProxyBenchmark {
  private static final String REQUEST =
      """
      GET /shop/cart?item=7 HTTP/1.1
      Host: shop.example
      User-Agent: bench/1.0
      Accept: text/html,application/json
      Accept-Encoding: gzip
      Cookie: session=0123456789abcdef

      """;
  private static final String RESPONSE =
      """
      HTTP/1.1 200 OK
      Server: node
      Date: Sun, 22 Nov 2026 12:00:00 GMT
      Content-Type: text/plain
      Content-Length: 13
      ETag: "5f"

      hello world
      """;

  private final ByteBuffer request = direct(REQUEST);
  private final ByteBuffer answer = ByteBuffer.allocateDirect(4096);
  private ServerSocketChannel node;
  private ProxyFixture proxy;
  private SocketChannel client;
  private int answerLength;

  @Setup
  public void start() throws IOException {
    node = ServerSocketChannel.open();
    node.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.ofPlatform().daemon().start(this::acceptNodes);
    proxy = ProxyFixture.start((InetSocketAddress) node.getLocalAddress());
    client = SocketChannel.open(proxy.address());
    client.setOption(StandardSocketOptions.TCP_NODELAY, true);
    client.write(request.duplicate());
    answer.clear();
    String text = "";
    while (!text.endsWith("hello world\r\n")) {
      client.read(answer);
      text = StandardCharsets.US_ASCII.decode(answer.duplicate().flip()).toString();
    }
    answerLength = answer.position();
  }

  private void acceptNodes() {
    try {
      while (true) {
        SocketChannel connection = node.accept();
        Thread.ofPlatform().daemon().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // Closed: the run is over.
    }
  }

  private static void serve(SocketChannel connection) {
    ByteBuffer in = ByteBuffer.allocateDirect(4096);
    ByteBuffer out = direct(RESPONSE);
    try (connection) {
      connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
      while (connection.read(in.clear()) > 0) {
        connection.write(out.rewind());
      }
    } catch (IOException e) {
      // Closed: the run is over.
    }
  }

  @Benchmark
  public int request() throws IOException {
    client.write(request.rewind());
    answer.clear();
    while (answer.position() < answerLength) {
      if (client.read(answer) < 0) {
        throw new IOException("the proxy closed the connection");
      }
    }
    return answer.position();
  }

  @TearDown
  public void stop() throws IOException {
    client.close();
    proxy.close();
    node.close();
  }

  private static ByteBuffer direct(String text) {
    byte[] bytes = text.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }
}
