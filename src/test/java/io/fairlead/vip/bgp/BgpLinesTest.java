package io.fairlead.vip.bgp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.TaskThread;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real bytes, to and from a router that does as the test says. */
@Timeout(60)
final class BgpLinesTest {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
  private static final InetAddress FRONT = InetAddress.ofLiteral("192.0.2.10");

  private static final class Clock extends TaskThread {
    private Clock() {
      super("bgp test");
    }

    @Override
    public void close() {
      executor.shutdownNow();
    }
  }

  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final Clock clock = new Clock();
  private final BgpSpeaker speaker = BgpSpeaker.of(clock, new SplittableRandom(1), events::add);
  private ServerSocket router;

  @BeforeEach
  void begin() throws IOException {
    router = new ServerSocket();
    router.bind(new InetSocketAddress(LOOPBACK, 0));
    router.setSoTimeout(20_000);
    BgpConfig config =
        new BgpConfig(
            65010,
            Optional.empty(),
            Duration.ofSeconds(1),
            Map.of(
                "rack",
                new BgpConfig.Peer(
                    "rack",
                    LOOPBACK,
                    router.getLocalPort(),
                    65000,
                    Duration.ofSeconds(3),
                    Optional.empty(),
                    false,
                    List.of())));
    clock.execute(() -> {
      speaker.configure(Optional.of(config), Set.of());
      speaker.announce("front", List.of(FRONT), new VipElection.Bgp(Optional.empty(), List.of()));
      speaker.start();
    });
  }

  @AfterEach
  void end() throws IOException {
    clock.execute(() -> speaker.stop("the test has ended"));
    clock.execute(speaker::close);
    router.close();
    clock.close();
  }

  /** The next message of ours, with its header. */
  private static byte[] next(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    byte[] header = in.readNBytes(19);
    assertThat(header).as("the connection has ended").hasSize(19);
    int length = ((header[16] & 0xFF) << 8) | (header[17] & 0xFF);
    byte[] whole = Arrays.copyOf(header, length);
    assertThat(in.readNBytes(whole, 19, length - 19)).isEqualTo(length - 19);
    return whole;
  }

  private Socket accept() throws IOException {
    Socket socket = router.accept();
    socket.setSoTimeout(20_000);
    assertThat(next(socket)[18]).isEqualTo((byte) BgpMessage.OPEN);
    return socket;
  }

  private static void say(Socket socket, byte[]... messages) throws IOException {
    for (byte[] message : messages) {
      socket.getOutputStream().write(message);
    }
  }

  private Socket establish() throws IOException {
    Socket socket = accept();
    say(socket, BgpWriter.open(65000, 3, 1), BgpWriter.keepalive());
    assertThat(next(socket)[18]).isEqualTo((byte) BgpMessage.KEEPALIVE);
    assertThat(next(socket)[18]).isEqualTo((byte) BgpMessage.UPDATE);
    return socket;
  }

  private <E extends Event> E await(Class<E> kind) throws InterruptedException {
    while (true) {
      Event event = events.poll(20, TimeUnit.SECONDS);
      assertThat(event).as("no " + kind.getSimpleName()).isNotNull();
      if (kind.isInstance(event)) {
        return kind.cast(event);
      }
    }
  }

  private static void assertNotified(Socket socket, int code, int subcode) throws IOException {
    byte[] message = next(socket);
    while (message[18] != BgpMessage.NOTIFICATION) {
      message = next(socket);
    }
    assertThat(message[19] + "/" + message[20]).isEqualTo(code + "/" + subcode);
    assertThat(socket.getInputStream().read()).isEqualTo(-1);
  }

  @Test
  void octetByOctet() throws Exception {
    try (Socket socket = accept()) {
      socket.setTcpNoDelay(true);
      for (byte[] message : List.of(BgpWriter.open(65000, 3, 1), BgpWriter.keepalive())) {
        for (byte one : message) {
          socket.getOutputStream().write(one);
          socket.getOutputStream().flush();
        }
      }
      assertThat(await(Event.BgpSessionUp.class).holdSeconds()).isEqualTo(3);
    }
    assertThat(await(Event.BgpSessionLost.class).why()).isEqualTo("it closed the connection");
    establish().close(); // it comes again
  }

  @Test
  void whatIsNotBgp() throws Exception {
    try (Socket socket = accept()) {
      say(socket, "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertNotified(socket, 1, 1);
    }
    assertThat(await(Event.BgpTrouble.class).what()).isEqualTo("what it sends is not BGP");
  }

  @Test
  void halfAMessageAndThenSilence() throws Exception {
    try (Socket socket = establish()) {
      long at = System.nanoTime();
      say(socket, Arrays.copyOf(BgpWriter.open(65000, 3, 1), 25));
      assertNotified(socket, 4, 0);
      assertThat(Duration.ofNanos(System.nanoTime() - at))
          .isBetween(Duration.ofMillis(2500), Duration.ofSeconds(10));
    }
    assertThat(await(Event.BgpSessionLost.class).why())
        .isEqualTo("nothing was heard of it for 3 s");
  }

  @Test
  void aReset() throws Exception {
    try (Socket socket = establish()) {
      socket.setSoLinger(true, 0);
    }
    assertThat(await(Event.BgpSessionLost.class).why())
        .isIn("it reset the connection", "it closed the connection");
  }

  @Test
  void nobodyThere() throws Exception {
    router.close();
    assertThat(await(Event.BgpTrouble.class).what()).isNotEmpty();
  }

  /** Sixteen mebibytes of routes: it goes on to say that it is there, and keeps none of them. */
  @Test
  void aFlood() throws Exception {
    byte[] update =
        BgpWriter.announce(
                new BgpWriter.Stand(65000, false, true),
                LOOPBACK,
                new BgpRoute(Optional.empty(), List.of(), false),
                java.util.Collections.nCopies(100, FRONT))
            .getFirst();
    try (Socket socket = establish()) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              for (int i = 0; i < 16 * 1024 * 1024 / update.length; i++) {
                say(socket, update);
              }
              say(socket, BgpWriter.cease(2, "enough"));
            } catch (IOException _) {
              // The test has ended.
            }
          });
      assertThat(await(Event.BgpTrouble.class).what()).contains("it sends routes");
      assertThat(await(Event.BgpSessionLost.class).why()).contains("enough");
    }
  }

  @Test
  void whatIsSaidLastIsHeard() throws Exception {
    try (Socket socket = establish()) {
      say(socket, BgpWriter.keepalive(), BgpWriter.keepalive());
      clock.execute(() -> speaker.stop("the test has ended"));
      assertNotified(socket, 6, 2);
    }
  }
}
