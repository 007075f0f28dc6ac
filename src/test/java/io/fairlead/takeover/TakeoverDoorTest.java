package io.fairlead.takeover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.takeover.HandedService.HandedLease;
import io.fairlead.takeover.HandedService.HandedNode;
import io.fairlead.takeover.HandedService.HandedStanding;
import io.fairlead.takeover.HandedState.HandedTicketKey;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both sides of the conversation, and callers that do not keep to it. */
@Timeout(30)
class TakeoverDoorTest {
  /** More than Netty takes in one round of its loop. */
  private static final int SOCKETS = 40;

  private static final HandedTicketKey KEY = new HandedTicketKey("web", "Af4A", 1000);

  private static final List<HandedService> STATE =
      List.of(
          new HandedService(
              "shop",
              List.of(
                  new HandedNode(
                      "10.0.0.1:80",
                      true,
                      "answered",
                      false,
                      null,
                      1_700_000_000_000L,
                      new HandedStanding("ejected", 0, "errors 22 %", 8_000, 2)),
                  new HandedNode("a.example:80", false, "refused", true, "10.0.0.7", null, null)),
              List.of(
                  new HandedLease(
                      "10.0.0.1:80",
                      "n1",
                      3,
                      "z",
                      1,
                      Map.of("version", "v2"),
                      "me",
                      30_000L,
                      12_000))));

  @TempDir Path folder;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<EpollServerSocketChannel> listening = new ArrayList<>();
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private Path path;
  private TakeoverDoor door;

  /** Gives its sockets away and writes down what it is told. */
  private final class Old implements Predecessor {
    @Override
    public List<HandedSocket> sockets() {
      told.add("sockets");
      List<HandedSocket> all = new ArrayList<>();
      for (EpollServerSocketChannel socket : listening) {
        all.add(
            new HandedSocket(
                "web",
                false,
                "127.0.0.1:0",
                "127.0.0.1:" + socket.localAddress().getPort(),
                socket.fd().intValue()));
      }
      return all;
    }

    @Override
    public HandedState letGo() {
      told.add("let go");
      return new HandedState(STATE, List.of(KEY));
    }

    @Override
    public void resume(String why) {
      told.add("resume");
    }

    @Override
    public void replaced(long pid) {
      told.add("replaced by " + pid);
    }
  }

  @BeforeEach
  void open() throws IOException {
    path = folder.resolve("data").resolve("takeover.sock");
    for (int i = 0; i < SOCKETS; i++) {
      EpollServerSocketChannel socket = new EpollServerSocketChannel();
      loop().register(socket).syncUninterruptibly();
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).syncUninterruptibly();
      listening.add(socket);
    }
    door = TakeoverDoor.open(path, loop(), false, new Old());
  }

  private EventLoop loop() {
    return (EventLoop) group.next();
  }

  @AfterEach
  void end() {
    door.close();
    listening.forEach(socket -> socket.close().syncUninterruptibly());
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private String told() throws InterruptedException {
    return String.valueOf(told.poll(20, TimeUnit.SECONDS));
  }

  private void takesOver() throws Exception {
    try (TakeoverCall call = TakeoverCall.connect(path)) {
      assertThat(told()).isEqualTo("sockets");
      assertThat(call.sockets()).hasSize(SOCKETS);
      assertThat(call.pid()).isEqualTo(ProcessHandle.current().pid());
      for (HandedSocket socket : call.sockets()) {
        EpollServerSocketChannel same = new EpollServerSocketChannel(socket.descriptor());
        assertThat(same.localAddress().getPort())
            .isEqualTo(Integer.parseInt(socket.bound().substring("127.0.0.1:".length())));
        new FileDescriptor(socket.descriptor()).close();
      }
      HandedState state = call.ready();
      assertThat(state.services()).isEqualTo(STATE);
      assertThat(state.ticketKeys()).containsExactly(KEY);
      assertThat(told()).isEqualTo("let go");
      call.serving();
      assertThat(told()).isEqualTo("replaced by " + ProcessHandle.current().pid());
    }
  }

  @Test
  void socketsAndStateArriveAndTheOldOneIsTold() throws Exception {
    takesOver();
    assertThatThrownBy(() -> TakeoverCall.connect(path))
        .isInstanceOfSatisfying(
            TakeoverException.class,
            e -> assertThat(e.kind()).isEqualTo(TakeoverException.Kind.REFUSED));
  }

  @Test
  void theSocketIsItsOwnersAlone() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path.getParent())))
        .isEqualTo("rwx------");
  }

  @Test
  void whoeverLeavesBeforeItServesChangesNothing() throws Exception {
    TakeoverCall first = TakeoverCall.connect(path);
    assertThat(told()).isEqualTo("sockets");
    assertThatThrownBy(() -> TakeoverCall.connect(path))
        .hasMessageContaining("another takeover is under way");
    first.sockets().forEach(TakeoverDoorTest::close);
    first.ready();
    assertThat(told()).isEqualTo("let go");
    first.close();
    assertThat(told()).isEqualTo("resume");
    takesOverAfter();
  }

  /** One that was under way has been told to be none, and is none in a moment. */
  private void takesOverAfter() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        takesOver();
        return;
      } catch (TakeoverException e) {
        assertThat(e).hasMessageContaining("another takeover is under way");
        assertThat(System.nanoTime()).isLessThan(end);
        Thread.onSpinWait();
      }
    }
  }

  private static void close(HandedSocket socket) {
    try {
      new FileDescriptor(socket.descriptor()).close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n\r\n",
        "\u0000\u0000\u0000\u0000",
        "\u007f\u00ff\u00ff\u00ff",
        "\u0000\u0000\u0000\u0002[]",
        "\u0000\u0000\u0000\u0005nulll",
        "\u0000\u0000\u0000\u0017{\"say\":\"hello\",\"pid\":7}",
        "\u0000\u0000\u0000\044{\"say\":\"hello\",\"protocol\":9,\"pid\":7}",
        "\u0000\u0000\u0000\u0011{\"say\":\"serving\"}",
        "\u0000\u0000\u0000\u000f{\"say\":\"ready\"}\u0000\u0000\u0000\u000f{\"say\":\"ready\"}"
      })
  void garbageIsTurnedAwayAndTheNextOneIsServed(String bytes) throws Exception {
    try (SocketChannel caller = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      caller.connect(UnixDomainSocketAddress.of(path));
      caller.write(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)));
      ByteBuffer answer = ByteBuffer.allocate(4096);
      while (caller.read(answer) >= 0) {
        assertThat(answer.hasRemaining()).isTrue();
      }
    } catch (IOException e) {
      assertThat(e).hasMessageMatching("(?i).*(reset|broken pipe).*");
    }
    takesOver();
  }

  @Test
  void aCallerThatSaysNothingIsInNobodysWay() throws Exception {
    try (SocketChannel silent = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.connect(UnixDomainSocketAddress.of(path));
      takesOver();
    }
  }

  @Test
  void aStaleSocketIsReplacedAndALivingOneIsNot() throws Exception {
    assertThatThrownBy(() -> TakeoverDoor.open(path, loop(), false, new Old()))
        .hasMessageContaining("belongs to another running instance");
    Path stale = folder.resolve("stale.sock");
    try (var left = java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(stale));
    }
    assertThat(stale).exists();
    try (TakeoverDoor fresh = TakeoverDoor.open(stale, loop(), false, new Old())) {
      TakeoverCall call = TakeoverCall.connect(stale);
      call.sockets().forEach(TakeoverDoorTest::close);
      call.close();
      assertThat(fresh).isNotNull();
    }
    assertThat(stale).doesNotExist();
  }

  @Test
  void aSuccessorsSocketSurvivesTheEndOfTheOldOne() throws Exception {
    takesOver();
    TakeoverDoor next = TakeoverDoor.open(path, loop(), true, new Old());
    door.close();
    assertThat(path).exists();
    door = next;
    takesOver();
  }

  @Test
  void nobodyThereIsSaid() {
    assertThatThrownBy(() -> TakeoverCall.connect(folder.resolve("none.sock")))
        .hasMessageContaining("no running instance waits for a takeover")
        .isInstanceOfSatisfying(
            TakeoverException.class,
            e -> assertThat(e.kind()).isEqualTo(TakeoverException.Kind.ABSENT));
  }
}
