package io.fairlead.dns;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.util.function.Supplier;

/** One socket by the JDK's means: a system call for each question and one for each answer. */
final class NioPort implements UdpPort {
  private static final System.Logger LOG = System.getLogger(NioPort.class.getName());

  private final DatagramChannel channel;
  private final Worker worker;
  private final Responder responder;
  private final Supplier<Snapshot> snapshot;
  private final Thread thread;

  NioPort(
      InetSocketAddress address, Worker worker, Responder responder, Supplier<Snapshot> snapshot)
      throws IOException {
    this.worker = worker;
    this.responder = responder;
    this.snapshot = snapshot;
    channel =
        DatagramChannel.open(
            address.getAddress().getAddress().length == 4
                ? StandardProtocolFamily.INET
                : StandardProtocolFamily.INET6);
    try {
      channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      channel.setOption(StandardSocketOptions.SO_RCVBUF, WAITING_BYTES);
      channel.bind(address);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    thread = Thread.ofPlatform().name("dns " + worker.index).daemon().unstarted(this::run);
  }

  @Override
  public InetSocketAddress address() throws IOException {
    return (InetSocketAddress) channel.getLocalAddress();
  }

  @Override
  public int index() {
    return worker.index;
  }

  @Override
  public void start() {
    thread.start();
  }

  private void run() {
    try {
      serve();
    } finally {
      worker.ended = true;
    }
  }

  private void serve() {
    ByteBuffer in = ByteBuffer.allocateDirect(LONGEST_QUESTION);
    ByteBuffer out = ByteBuffer.allocateDirect(Responder.UDP_LIMIT);
    while (true) {
      try {
        in.clear();
        InetSocketAddress from = (InetSocketAddress) channel.receive(in);
        in.flip();
        int length = in.remaining();
        in.get(worker.in, 0, length);
        worker.peer.set(from.getAddress());
        int size = answer(length);
        if (size > 0) {
          out.clear();
          out.put(worker.answer.out, 0, size).flip();
          channel.send(out, from);
        }
      } catch (ClosedChannelException _) {
        return;
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a datagram could not be answered: {0}", e.getMessage());
      }
    }
  }

  private int answer(int length) {
    long nanos = System.nanoTime();
    boolean recording = worker.log.begin();
    int size;
    try {
      size =
          responder.answer(
              worker, length, false, snapshot.get(), nanos, System.currentTimeMillis() / 1000);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a question found a mistake of ours; it gets no answer", e);
      worker.told.error = AnswerError.FAILED;
      size = 0;
    }
    if (recording) {
      worker.log.add(worker, false, worker.listener, size, nanos);
      worker.log.end();
    }
    return size;
  }

  @Override
  public void close() throws IOException {
    if (thread.getState() == Thread.State.NEW) {
      worker.ended = true;
    }
    channel.close();
  }
}
