package io.fairlead.proxy;

import io.fairlead.telemetry.RecordRing;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import java.net.InetSocketAddress;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One event loop with what is kept per loop. Everything but the index belongs to its thread. */
public final class Loop {
  /** A connection with much to say is read so often before the others. */
  private static final int TURNS = 4;

  /** More than this says only that the process, or its machine, had been stopped. */
  private static final long MOST_LATE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final int index;
  private final EventLoop eventLoop;
  private final TransportKind transport;
  private final TimerWheel timers;
  private final RandomGenerator random;
  private final RecvByteBufAllocator receiveAllocator;
  private final RecvByteBufAllocator datagramAllocator;
  private final RequestIds requestIds;
  private final InstanceGuard guard;
  private @Nullable SplicePipe pipe;
  private volatile @Nullable RecordRing records;

  /** Nanoseconds by which ticks were late, and how many there were, since somebody looked. */
  private final AtomicLong late = new AtomicLong();

  private final AtomicLong ticks = new AtomicLong();

  /** By how much the latest of them was. */
  private final AtomicLong latest = new AtomicLong();

  Loop(int index, EventLoop eventLoop, TransportKind transport, long seed, InstanceGuard guard) {
    this.guard = guard;
    this.index = index;
    this.eventLoop = eventLoop;
    this.transport = transport;
    this.timers = new TimerWheel(System.nanoTime());
    this.random = new SplittableRandom(seed + index);
    this.receiveAllocator = new ReceiveBuffers(TURNS);
    this.datagramAllocator =
        transport == TransportKind.EPOLL ? new ReceiveBuffers(1) : receiveAllocator;
    this.requestIds = new RequestIds((int) seed, index);
  }

  void start() {
    Runnable tick =
        new Runnable() {
          private long last = System.nanoTime();

          @Override
          public void run() {
            long now = System.nanoTime();
            measure(now - last - TimerWheel.TICK_MILLIS * 1_000_000);
            last = now;
            timers.advance(now);
          }
        };
    eventLoop
        .scheduleWithFixedDelay( // at a fixed rate all that a stop left out would be made up for
            tick, TimerWheel.TICK_MILLIS, TimerWheel.TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void measure(long nanos) {
    latest.accumulateAndGet(nanos, Math::max);
    late.addAndGet(Math.clamp(nanos, 0, MOST_LATE_NANOS));
    ticks.incrementAndGet();
  }

  /** By how much ticks have been late on average since the last time somebody asked. */
  long takeLagNanos() {
    return late.getAndSet(0) / Math.max(1, ticks.getAndSet(0));
  }

  /** The same of the tick that was latest. */
  long takeLongestLagNanos() {
    return latest.getAndSet(0);
  }

  /** How the process fares, as all loops know it. */
  public InstanceGuard guard() {
    return guard;
  }

  /** From 0; the cell of counters that this loop writes. */
  public int index() {
    return index;
  }

  public EventLoop eventLoop() {
    return eventLoop;
  }

  public TimerWheel timers() {
    return timers;
  }

  public RandomGenerator random() {
    return random;
  }

  public RequestIds requestIds() {
    return requestIds;
  }

  /** Where records of what has ended go; null: nobody wants any. */
  public @Nullable RecordRing records() {
    return records;
  }

  void record(@Nullable RecordRing into) {
    records = into;
  }

  /** Where connections get memory to read into. */
  public RecvByteBufAllocator receiveAllocator() {
    return receiveAllocator;
  }

  /** The same for datagrams, of which one read takes several: a second mostly finds none. */
  public RecvByteBufAllocator datagramAllocator() {
    return datagramAllocator;
  }

  /** For what is relayed in bulk; null: there is none to be had. */
  public @Nullable SplicePipe pipe() {
    SplicePipe present = pipe;
    if (present == null && transport == TransportKind.EPOLL) {
      present = SplicePipe.open();
      pipe = present;
    }
    return present;
  }

  /** When the loop has ended, or what is in the pipe is of no use to anybody. */
  public void closePipe() {
    SplicePipe present = pipe;
    pipe = null;
    if (present != null) {
      present.close();
    }
  }

  /** An unconnected TCP channel of this loop's transport for that node. */
  public Channel newSocketChannel(InetSocketAddress node) {
    return transport.newSocketChannel(node);
  }

  /**
   * An unbound channel for datagrams of this loop's transport.
   *
   * @param address where it will be bound, or what it will be connected to
   * @param bytes of the largest datagram that is of use; of a larger one at least one byte more is
   *     delivered, so that it can be told
   */
  public Channel newDatagramChannel(InetSocketAddress address, int bytes) {
    return transport.newDatagramChannel(address, bytes + 1);
  }

  /** The same for a socket that another process has, too. */
  Channel adoptDatagramChannel(int descriptor, int bytes) {
    return transport.adoptDatagramChannel(descriptor, bytes + 1);
  }

  public ByteBufAllocator allocator() {
    return DataPlane.ALLOCATOR;
  }
}
