package io.fairlead.takeover;

import io.fairlead.takeover.TakeoverException.Kind;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The new process's side of a takeover. Closing it before {@link #serving} leaves the old process
 * as it was.
 */
public final class TakeoverCall implements AutoCloseable {
  /** How long the old process may take for an answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** What is known of some hundred thousand nodes. */
  private static final int MAX_FRAME = 64 * 1024 * 1024;

  private final MultiThreadIoEventLoopGroup group;
  private final Wire wire;
  private final long peer;
  private final long pid;
  private final List<HandedSocket> sockets;

  private TakeoverCall(MultiThreadIoEventLoopGroup group, Wire wire) throws IOException {
    this.group = group;
    this.wire = wire;
    this.peer = wire.channel().peerCredentials().pid();
    wire.send(new Message.Hello(Message.PROTOCOL, ProcessHandle.current().pid()));
    if (!(answer() instanceof Message.Welcome(long of, List<HandedSocket> announced))) {
      throw unexpected();
    }
    this.pid = of;
    if (announced.size() > Wire.MAX_DESCRIPTORS) {
      throw new TakeoverException(Kind.REFUSED, "more sockets than can be handed over");
    }
    wire.expectDescriptors(true);
    wire.send(new Message.SendSockets());
    List<Integer> descriptors;
    try {
      descriptors = wire.receiveDescriptors(announced.size(), deadline());
    } catch (IOException e) {
      throw ended(e);
    }
    wire.expectDescriptors(false);
    List<HandedSocket> received = new ArrayList<>();
    for (int i = 0; i < announced.size(); i++) {
      received.add(announced.get(i).withDescriptor(descriptors.get(i)));
    }
    this.sockets = received;
  }

  /**
   * Receives the sockets of the instance that waits there.
   *
   * @throws TakeoverException with a sentence for people
   */
  public static TakeoverCall connect(Path path) throws TakeoverException {
    if (!Epoll.isAvailable()) {
      throw new TakeoverException(Kind.REFUSED, "a takeover needs epoll, which is not there");
    }
    MultiThreadIoEventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("takeover", true), EpollIoHandler.newFactory());
    EpollDomainSocketChannel channel = new EpollDomainSocketChannel();
    Wire wire = new Wire(channel, MAX_FRAME);
    try {
      ((EventLoop) group.next()).register(channel).syncUninterruptibly();
      ChannelFuture connected =
          channel.connect(new DomainSocketAddress(path.toString())).awaitUninterruptibly();
      if (!connected.isSuccess()) {
        throw new TakeoverException(
            Kind.ABSENT,
            "no running instance waits for a takeover at "
                + path
                + "; it must have the same data folder and runtime.transport epoll");
      }
      return new TakeoverCall(group, wire);
    } catch (TakeoverException e) {
      end(group, wire);
      throw e;
    } catch (IOException e) {
      end(group, wire);
      throw new TakeoverException(Kind.REFUSED, String.valueOf(e.getMessage()));
    }
  }

  /** The process that is to be replaced. */
  public long pid() {
    return pid;
  }

  /** With descriptors of this process; whoever asks has to close what is not used. */
  public List<HandedSocket> sockets() {
    return sockets;
  }

  /**
   * Everything is built. The old process shuts its admin door.
   *
   * @return what it knows
   */
  public HandedState ready() throws TakeoverException {
    try {
      wire.send(new Message.Ready());
    } catch (IOException e) {
      throw ended(e);
    }
    if (answer() instanceof Message.State state) {
      return state.handed();
    }
    throw unexpected();
  }

  /** This process serves; the old one leaves. */
  public void serving() throws TakeoverException {
    try {
      wire.send(new Message.Serving());
    } catch (IOException e) {
      throw ended(e);
    }
    if (!(answer() instanceof Message.Bye)) {
      throw unexpected();
    }
  }

  private static long deadline() {
    return System.nanoTime() + PATIENCE.toNanos();
  }

  private Message answer() throws TakeoverException {
    try {
      Message message = wire.receive(deadline());
      if (message instanceof Message.Refusal(String reason)) {
        throw new TakeoverException(Kind.REFUSED, "the running instance refused: " + reason);
      }
      return message;
    } catch (TakeoverException e) {
      throw e;
    } catch (IOException e) {
      throw ended(e);
    }
  }

  private static TakeoverException unexpected() {
    return new TakeoverException(Kind.REFUSED, "the running instance said something unexpected");
  }

  /** Whether the old process has just stopped talking, or is no more. */
  private TakeoverException ended(IOException e) {
    if (hasDied()) {
      return new TakeoverException(
          Kind.DIED, "the running instance, process " + peer + ", ended during the takeover");
    }
    return new TakeoverException(
        Kind.REFUSED, "the takeover broke off, the running instance goes on: " + e.getMessage());
  }

  /** Where it runs in a space of process ids that we do not see, we cannot know. */
  private boolean hasDied() {
    if (peer <= 0) {
      return false;
    }
    try {
      return ProcessHandle.of(peer)
          .map(handle -> !handle.isAlive() || endsWithin(handle, 2))
          .orElse(true);
    } catch (UnsupportedOperationException _) {
      return false;
    }
  }

  private static boolean endsWithin(ProcessHandle process, int seconds) {
    try {
      process.onExit().get(seconds, TimeUnit.SECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException _) {
      return false;
    }
  }

  @Override
  public void close() {
    end(group, wire);
  }

  private static void end(MultiThreadIoEventLoopGroup group, Wire wire) {
    wire.close();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
