package io.fairlead.dns;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * One socket by Linux's means: all questions that are there with one system call, and all their
 * answers with another. Where the socket is bound to every address of the machine, an answer goes
 * out from the one that was asked.
 */
final class LinuxPort implements UdpPort {
  private static final System.Logger LOG = System.getLogger(LinuxPort.class.getName());

  /** Datagrams of one call: more save hardly anything, and memory should stay in the cache. */
  private static final int BATCH = 32;

  /** How soon the thread sees that it is to end. */
  private static final int TIMEOUT_MILLIS = 200;

  /** Room for the address that was asked (IP_PKTINFO, IPV6_PKTINFO). */
  private static final int CONTROL_BYTES = 64;

  /** Of the interface in what IP_PKTINFO tells. */
  private static final int INTERFACE = 16;

  private final int socket;
  private final InetSocketAddress bound;
  private final boolean tellsAddress;
  private final Worker worker;
  private final Responder responder;
  private final Supplier<Snapshot> snapshot;
  private final Thread thread;
  private volatile boolean closed;
  private volatile boolean started;

  LinuxPort(
      InetSocketAddress address, Worker worker, Responder responder, Supplier<Snapshot> snapshot)
      throws IOException {
    this.worker = worker;
    this.responder = responder;
    this.snapshot = snapshot;
    socket = LinuxSockets.open(address, WAITING_BYTES, TIMEOUT_MILLIS);
    bound = LinuxSockets.address(socket);
    tellsAddress = address.getAddress().isAnyLocalAddress();
    thread = Thread.ofPlatform().name("dns " + worker.index).daemon().unstarted(this::run);
  }

  @Override
  public InetSocketAddress address() {
    return bound;
  }

  @Override
  public int index() {
    return worker.index;
  }

  @Override
  public void start() {
    started = true;
    thread.start();
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      new Batch(arena).run();
    } finally {
      LinuxSockets.close(socket);
      worker.ended = true;
    }
  }

  /** What one call takes and gives. */
  private final class Batch {
    private final MemorySegment in;
    private final MemorySegment out;
    private final MemorySegment names;
    private final MemorySegment controls;
    private final MemorySegment questions;
    private final MemorySegment answers;
    private final MemorySegment answerVectors;

    Batch(Arena arena) {
      in = arena.allocate((long) BATCH * LONGEST_QUESTION, 64);
      out = arena.allocate((long) BATCH * Responder.UDP_LIMIT, 64);
      names = arena.allocate((long) BATCH * 32, 64);
      controls = arena.allocate((long) BATCH * CONTROL_BYTES, 64);
      questions = arena.allocate(BATCH * LinuxSockets.MESSAGE, 64);
      answers = arena.allocate(BATCH * LinuxSockets.MESSAGE, 64);
      MemorySegment vectors = arena.allocate(BATCH * LinuxSockets.VECTOR, 64);
      answerVectors = arena.allocate(BATCH * LinuxSockets.VECTOR, 64);
      for (int i = 0; i < BATCH; i++) {
        vector(vectors, i, in.asSlice((long) i * LONGEST_QUESTION), LONGEST_QUESTION);
        vector(answerVectors, i, out.asSlice((long) i * Responder.UDP_LIMIT), 0);
        message(questions, i, vectors);
        message(answers, i, answerVectors);
      }
    }

    private static void vector(MemorySegment vectors, int index, MemorySegment bytes, long length) {
      vectors.set(ADDRESS, index * LinuxSockets.VECTOR, bytes);
      vectors.set(JAVA_LONG, index * LinuxSockets.VECTOR + LinuxSockets.VECTOR_LENGTH, length);
    }

    private static void message(MemorySegment messages, int index, MemorySegment vectors) {
      long at = index * LinuxSockets.MESSAGE;
      messages.set(ADDRESS, at + LinuxSockets.IOV, vectors.asSlice(index * LinuxSockets.VECTOR));
      messages.set(JAVA_LONG, at + LinuxSockets.IOV_COUNT, 1);
    }

    void run() {
      prepare(BATCH);
      while (!closed) {
        int count = LinuxSockets.receive(socket, questions, BATCH);
        if (count > 0) {
          answer(count);
          prepare(count);
        } else if (!closed) {
          LockSupport.parkNanos(1_000_000); // the time was over; or it failed, and would again
        }
      }
    }

    /** Says again how much room there is: the system has written there how much it took. */
    private void prepare(int count) {
      for (int i = 0; i < count; i++) {
        long at = i * LinuxSockets.MESSAGE;
        questions.set(ADDRESS, at + LinuxSockets.NAME, names.asSlice(32L * i));
        questions.set(JAVA_INT, at + LinuxSockets.NAME_LENGTH, LinuxSockets.ADDRESS_BYTES);
        if (tellsAddress) {
          questions.set(
              ADDRESS, at + LinuxSockets.CONTROL, controls.asSlice((long) i * CONTROL_BYTES));
          questions.set(JAVA_LONG, at + LinuxSockets.CONTROL_LENGTH, CONTROL_BYTES);
        }
      }
    }

    private void answer(int count) {
      Snapshot present = snapshot.get();
      long nanos = System.nanoTime();
      long seconds = System.currentTimeMillis() / 1000;
      AnswerLog log = worker.log;
      boolean recording = log.begin();
      int ready = 0;
      for (int i = 0; i < count; i++) {
        long at = i * LinuxSockets.MESSAGE;
        int length = questions.get(JAVA_INT, at + LinuxSockets.LENGTH);
        MemorySegment.copy(in, JAVA_BYTE, (long) i * LONGEST_QUESTION, worker.in, 0, length);
        readPeer(32L * i);
        int size;
        try {
          size = responder.answer(worker, length, false, present, nanos, seconds);
        } catch (RuntimeException e) {
          LOG.log(Level.ERROR, "a question found a mistake of ours; it gets no answer", e);
          worker.told.error = AnswerError.FAILED;
          size = 0;
        }
        if (recording) {
          log.add(worker, false, worker.listener, size, nanos);
        }
        if (size > 0) {
          put(ready++, i, size);
        }
      }
      if (recording) {
        log.end();
      }
      send(ready);
    }

    private void readPeer(long at) {
      Peer peer = worker.peer;
      if (names.get(JAVA_SHORT, at) == LinuxSockets.AF_INET) {
        peer.length = 4;
        MemorySegment.copy(names, JAVA_BYTE, at + 4, peer.address, 0, 4);
      } else {
        peer.length = 16;
        MemorySegment.copy(names, JAVA_BYTE, at + 8, peer.address, 0, 16);
      }
    }

    private void put(int index, int question, int size) {
      MemorySegment.copy(
          worker.answer.out, 0, out, JAVA_BYTE, (long) index * Responder.UDP_LIMIT, size);
      long at = index * LinuxSockets.MESSAGE;
      long from = question * LinuxSockets.MESSAGE;
      answerVectors.set(JAVA_LONG, index * LinuxSockets.VECTOR + LinuxSockets.VECTOR_LENGTH, size);
      answers.set(ADDRESS, at + LinuxSockets.NAME, names.asSlice(32L * question));
      answers.set(
          JAVA_INT,
          at + LinuxSockets.NAME_LENGTH,
          questions.get(JAVA_INT, from + LinuxSockets.NAME_LENGTH));
      if (tellsAddress) {
        if (worker.peer.length == 4) {
          controls.set(JAVA_INT, (long) question * CONTROL_BYTES + INTERFACE, 0); // as routes say
        }
        answers.set(
            ADDRESS, at + LinuxSockets.CONTROL, controls.asSlice((long) question * CONTROL_BYTES));
        answers.set(
            JAVA_LONG,
            at + LinuxSockets.CONTROL_LENGTH,
            questions.get(JAVA_LONG, from + LinuxSockets.CONTROL_LENGTH));
      }
    }

    /** One that cannot be sent must not keep those after it. */
    private void send(int ready) {
      int sent = 0;
      while (sent < ready) {
        int went =
            LinuxSockets.send(socket, answers.asSlice(sent * LinuxSockets.MESSAGE), ready - sent);
        sent += Math.max(went, 1);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    if (!started) {
      worker.ended = true;
      LinuxSockets.close(socket);
    }
  }
}
