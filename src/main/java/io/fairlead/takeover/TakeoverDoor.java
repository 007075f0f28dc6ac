package io.fairlead.takeover;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Where a running instance waits for its successor.
 *
 * <p>The file is made under another name, closed to everybody but its owner, and only then gets its
 * own, so it takes the place of a stale one, or of the predecessor's, at once. Only the same user
 * or root is listened to.
 *
 * <p>Bounds: {@value #MAX_CALLERS} callers, {@link #HELLO_PATIENCE} until one has said who it is,
 * one takeover at a time, {@link #PATIENCE} for all of it, 64 KiB for a message.
 */
public final class TakeoverDoor implements AutoCloseable {
  /** How long a successor may take from its first word until it serves. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  static final Duration HELLO_PATIENCE = Duration.ofSeconds(15);

  private static final int MAX_CALLERS = 8;
  private static final int MAX_FRAME = 64 * 1024;

  /** What {@code sun_path} has room for, without the zero at its end (unix(7)). */
  private static final int MAX_PATH = 107;

  private static final System.Logger LOG = System.getLogger(TakeoverDoor.class.getName());

  private final Path path;
  private final Predecessor predecessor;
  private final long uid;
  private final Channel server;
  private final @Nullable Object fileKey;
  private final Semaphore callers = new Semaphore(MAX_CALLERS);

  /** A takeover is under way, or was the last that there will be. */
  private final AtomicBoolean busy = new AtomicBoolean();

  private volatile boolean replaced;

  private TakeoverDoor(
      Path path, Predecessor predecessor, long uid, Channel server, @Nullable Object fileKey) {
    this.path = path;
    this.predecessor = predecessor;
    this.uid = uid;
    this.server = server;
    this.fileKey = fileKey;
  }

  /**
   * Opens the door.
   *
   * @param path of the socket; its folder is made if there is none
   * @param loop an epoll loop
   * @param replaces whether whoever listens there now is to be replaced; otherwise that is an error
   * @throws IOException with a sentence for people if there can be no takeover
   */
  public static TakeoverDoor open(
      Path path, EventLoop loop, boolean replaces, Predecessor predecessor) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null || path.toString().length() + 8 > MAX_PATH) {
      throw new IOException(path + " is too long for a Unix socket; choose a shorter data folder");
    }
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    if (!replaces && isAlive(path)) {
      throw new IOException(path + " belongs to another running instance; each needs its own data");
    }
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    EpollServerDomainSocketChannel server = new EpollServerDomainSocketChannel();
    // Calls wait in the kernel until there is somebody to take them.
    server.config().setAutoRead(false);
    loop.register(server).syncUninterruptibly();
    try {
      ChannelFuture bound =
          server.bind(new DomainSocketAddress(fresh.toString())).awaitUninterruptibly();
      if (!bound.isSuccess()) {
        throw new IOException("cannot listen on " + path + ": " + bound.cause().getMessage());
      }
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      long uid = ((Number) Files.getAttribute(fresh, "unix:uid")).longValue();
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
      TakeoverDoor door = new TakeoverDoor(path, predecessor, uid, server, key);
      server.pipeline().addLast(door.new Callers());
      server.config().setAutoRead(true);
      return door;
    } catch (IOException | RuntimeException e) {
      server.close().awaitUninterruptibly();
      throw e;
    }
  }

  private static boolean isAlive(Path path) {
    if (!Files.exists(path)) {
      return false;
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException _) {
      return false; // left behind by a process that is no more, or no socket at all
    }
  }

  /**
   * Listens no more. The file goes, unless a successor has it: another one's may have the number
   * that ours had.
   */
  @Override
  public void close() {
    server.close().awaitUninterruptibly();
    try {
      if (!replaced
          && fileKey != null
          && fileKey.equals(Files.readAttributes(path, BasicFileAttributes.class).fileKey())) {
        Files.delete(path);
      }
    } catch (IOException _) {
      // It is gone, or will be replaced by the next process.
    }
  }

  /** On the loop: takes callers in and leaves them to virtual threads. */
  private final class Callers extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      EpollDomainSocketChannel caller = (EpollDomainSocketChannel) message;
      int user = user(caller); // now: later it may have gone, and its descriptor be another's
      if (user < 0 || !callers.tryAcquire()) {
        caller.unsafe().closeForcibly();
        return;
      }
      Wire wire = new Wire(caller, MAX_FRAME);
      ctx.channel()
          .eventLoop()
          .register(caller)
          .addListener(registered ->
              Thread.ofVirtual()
                  .name("takeover")
                  .start(() -> {
                    try (wire) {
                      converse(wire, user);
                    } finally {
                      callers.release();
                    }
                  }));
    }

    /** Who calls, as the kernel says (SO_PEERCRED, unix(7)); -1: it has gone. */
    private static int user(EpollDomainSocketChannel caller) {
      try {
        return caller.peerCredentials().uid();
      } catch (IOException | ChannelException e) {
        LOG.log(Level.DEBUG, "a caller has gone before it spoke", e);
        return -1;
      }
    }

    /** Out of file descriptors, mostly: no takeover for a moment. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      LOG.log(Level.WARNING, "a takeover could not be taken in: {0}", cause.getMessage());
    }
  }

  private void converse(Wire wire, int caller) {
    try {
      if (caller != uid && caller != 0) {
        throw new IOException("user " + caller + " may not take over a process of user " + uid);
      }
      Message first = wire.receive(System.nanoTime() + HELLO_PATIENCE.toNanos());
      if (!(first instanceof Message.Hello(int protocol, long pid))) {
        throw new IOException("a takeover does not begin so");
      }
      if (protocol != Message.PROTOCOL) {
        throw new IOException(
            "the new process speaks version "
                + protocol
                + " of the takeover, this one "
                + Message.PROTOCOL
                + "; stop and start instead");
      }
      if (!busy.compareAndSet(false, true)) {
        throw new IOException("another takeover is under way");
      }
      try {
        handOver(wire, pid);
      } finally {
        busy.set(replaced);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "no takeover: {0}", e.getMessage());
      refuse(wire, e);
    }
  }

  private static void refuse(Wire wire, IOException why) {
    try {
      wire.send(new Message.Refusal(String.valueOf(why.getMessage())));
    } catch (IOException _) {
      // Nobody listens any more.
    }
  }

  private void handOver(Wire wire, long pid) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    List<HandedSocket> sockets = predecessor.sockets();
    try {
      wire.send(new Message.Welcome(ProcessHandle.current().pid(), sockets));
      expect(Message.SendSockets.class, wire.receive(deadline));
      wire.sendDescriptors(sockets.stream().map(HandedSocket::descriptor).toList());
      expect(Message.Ready.class, wire.receive(deadline));
      wire.send(Message.State.of(predecessor.letGo()));
      expect(Message.Serving.class, wire.receive(deadline));
    } catch (IOException | RuntimeException e) {
      predecessor.resume("process " + pid + " did not take over: " + e.getMessage());
      throw e;
    }
    replaced = true;
    try {
      wire.send(new Message.Bye());
    } catch (IOException _) {
      // It serves; whether it hears this changes nothing.
    }
    predecessor.replaced(pid);
  }

  private static void expect(Class<? extends Message> wanted, Message came) throws IOException {
    if (!wanted.isInstance(came)) {
      throw new IOException("a takeover does not go so: " + came.getClass().getSimpleName());
    }
  }
}
