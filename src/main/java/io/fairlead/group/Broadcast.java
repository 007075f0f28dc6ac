package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Tells all other instances something, as well as that goes [1]: what is told to one that cannot be
 * reached, or does not keep up, is lost to that one and to nobody else. So it is for what may be
 * lost: everything that counts is in the group's state.
 *
 * <p>Each instance keeps a connection to each other one's door and says lines there, sealed like a
 * greeting and numbered, so that none can be put in, changed or said again. One that says nothing
 * says at least that it is there, every {@value #PULSE_MILLIS} ms.
 *
 * <p>[1] Cachin, Guerraoui, Rodrigues: Introduction to Reliable and Secure Distributed Programming,
 * 2011, 3.2.
 */
final class Broadcast implements AutoCloseable {
  /** Lines that wait for one instance. */
  private static final int WAITING = 256;

  static final int PULSE_MILLIS = 1000;
  private static final int AGAIN_MILLIS = 500;
  private static final System.Logger LOG = System.getLogger(Broadcast.class.getName());

  private final GroupConfig config;
  private final @Nullable SSLContext tls;
  private final SecureRandom random;
  private final Supplier<Greeting.Hello> hello;
  private final Map<String, Line> lines = new ConcurrentHashMap<>();

  /**
   * @param hello what an instance there is told first
   */
  Broadcast(
      GroupConfig config,
      @Nullable SSLContext tls,
      SecureRandom random,
      Supplier<Greeting.Hello> hello) {
    this.config = config;
    this.tls = tls;
    this.random = random;
    this.hello = hello;
  }

  /** From now on it is these that are told. One thread at a time. */
  void reach(Map<String, HostPort> others) {
    Map<String, HostPort> wanted = new TreeMap<>(others);
    wanted.remove(config.instance());
    lines
        .entrySet()
        .removeIf(there -> {
          boolean goes = !there.getValue().address.equals(wanted.get(there.getKey()));
          if (goes) {
            there.getValue().thread.interrupt();
          }
          return goes;
        });
    wanted.forEach((name, address) -> lines.computeIfAbsent(name, _ -> new Line(address)));
  }

  /** Tells all. Never waits. */
  void tell(String text) {
    for (Line line : lines.values()) {
      boolean _ = line.waiting.offer(text);
    }
  }

  /** To one other instance. */
  private final class Line {
    private final HostPort address;
    private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(WAITING);
    private final Thread thread;

    Line(HostPort address) {
      this.address = address;
      this.thread = Thread.ofVirtual().name("tell " + address).start(this::run);
    }

    private void run() {
      try {
        while (true) {
          try (GroupDoor.Said said = GroupDoor.stay(address, config, tls, random, hello.get())) {
            waiting.clear(); // it was not there when that was said
            while (true) {
              String next = waiting.poll(PULSE_MILLIS, TimeUnit.MILLISECONDS);
              said.say(next == null ? "" : next);
            }
          } catch (IOException e) {
            LOG.log(Level.DEBUG, "{0} is not told: {1}", address, e.getMessage());
          }
          Thread.sleep(AGAIN_MILLIS);
        }
      } catch (InterruptedException _) {
        // It is no other instance any more, or this one closes.
      }
    }
  }

  @Override
  public void close() {
    reach(Map.of());
  }
}
