package io.fairlead.scaling;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of one service that an agent runs for one owner: a front end, or a group of them. Its
 * methods may wait for the kernel, never for a node.
 */
final class Crew {
  /** How long it is told of a node that it has ended. */
  private static final long REMEMBERED_NANOS = Duration.ofMinutes(10).toNanos();

  /** How a node is. */
  enum State {
    RUNNING,
    /** It has been told to end. */
    ENDING,
    /** By itself. */
    ENDED
  }

  /**
   * One node, as whoever asks is told.
   *
   * @param address HOST:PORT
   * @param id what people find it by
   * @param version empty: it has none
   * @param startedMillis since 1970; 0: not known
   * @param state in lower case
   * @param draining its owner takes no more requests there
   * @param words how it ended, or why it does not
   * @param outputBytes what it has written that is still there
   */
  record Report(
      String name,
      String address,
      String id,
      String version,
      long startedMillis,
      String state,
      boolean draining,
      String words,
      long outputBytes) {}

  /** What was made of an order. */
  sealed interface Outcome {
    /** It is done, or was already. */
    record Done(Report node) implements Outcome {}

    /** It is not, yet. */
    record Waits(Report node) implements Outcome {}

    /** There is no such node any more. */
    record Gone() implements Outcome {}

    /** It is not done. */
    record Refused(String why) implements Outcome {}
  }

  private static final class Member {
    final Started started;
    State state = State.RUNNING;
    boolean draining;
    String words = "";
    long endedNanos;
    CompletableFuture<Void> stop = CompletableFuture.completedFuture(null);

    Member(Started started) {
      this.started = started;
    }
  }

  private final String owner;
  private final String service;
  private final Path data;
  private final ProcessDriver driver;
  private final Versions versions;
  private final Standing standing;
  private final Consumer<String> say;
  private final Map<String, Member> nodes = new LinkedHashMap<>();

  /**
   * Finds what runs of it.
   *
   * @param data folder of that owner
   */
  Crew(String owner, String service, Path data, ProcessDriver driver, Consumer<String> say)
      throws IOException {
    this.owner = owner;
    this.service = service;
    this.data = data;
    this.driver = driver;
    this.say = say;
    this.versions = new Versions(ProcessDriver.folder(data, service).resolve("versions"));
    this.standing = new Standing(ProcessDriver.folder(data, service).resolve("orders"));
    for (Started node : driver.find()) {
      Member member = new Member(node);
      member.draining = standing.isDraining(node.name());
      nodes.put(node.name(), member);
    }
  }

  String owner() {
    return owner;
  }

  String service() {
    return service;
  }

  /** Those that run, or are about to end. */
  synchronized int size() {
    return (int) nodes.values().stream().filter(node -> node.state != State.ENDED).count();
  }

  synchronized List<Integer> ports() {
    return nodes.values().stream()
        .filter(node -> node.state != State.ENDED)
        .map(node -> node.started.address().port())
        .toList();
  }

  synchronized List<Report> reports() {
    long now = System.currentTimeMillis();
    return nodes.values().stream().map(node -> report(node, now)).toList();
  }

  private Report report(Member node, long nowMillis) {
    Started started = node.started;
    long bytes = 0;
    try {
      bytes = Files.size(output(started.name()));
    } catch (IOException e) {
      // It has written nothing.
    }
    return new Report(
        started.name(),
        started.address().toString(),
        started.id(),
        Objects.requireNonNullElse(versions.of(started.name()), ""),
        node.state == State.ENDED ? 0 : driver.startedMillis(started.name(), nowMillis),
        node.state.name().toLowerCase(Locale.ROOT),
        node.draining,
        node.words,
        bytes);
  }

  private Path output(String name) {
    return ProcessDriver.output(data, service, name);
  }

  /**
   * Why an order of that term is not followed: the highest one is that of whoever decides now.
   *
   * @return null: it is
   */
  private @Nullable Outcome refused(long orders) {
    if (orders < standing.term()) {
      return new Outcome.Refused("another front end of this owner gives the orders by now");
    }
    try {
      standing.raise(orders);
      return null;
    } catch (IOException e) {
      return new Outcome.Refused("whose orders count cannot be written down: " + e.getMessage());
    }
  }

  /**
   * Starts that node, or finds that it runs.
   *
   * @param why it must not be started; empty: it may
   */
  synchronized Outcome start(String name, String version, long orders, String why) {
    Outcome refused = refused(orders);
    if (refused != null) {
      return refused;
    }
    Member known = nodes.get(name);
    if (known != null && known.state == State.RUNNING) {
      Report report = report(known, System.currentTimeMillis());
      return report.version().equals(version)
          ? new Outcome.Done(report)
          : new Outcome.Refused(
              name + " runs already, as version " + report.version() + ", not " + version);
    }
    if (known != null && known.state == State.ENDING) {
      return new Outcome.Refused(name + " is still about to end");
    }
    if (!why.isEmpty()) {
      return new Outcome.Refused(why);
    }
    try {
      versions.put(name, version, nodes.keySet());
      standing.drain(name, false, nodes.keySet());
      Member member = new Member(driver.start(name, Release.of(version)));
      nodes.put(name, member);
      say.accept(
          "started " + name + " of " + service + " for " + owner + ": " + member.started.id());
      return new Outcome.Done(report(member, System.currentTimeMillis()));
    } catch (IOException | RuntimeException e) {
      return new Outcome.Refused(String.valueOf(e.getMessage()));
    }
  }

  /** Tells all front ends of the owner that it is to get no more requests, or that it is again. */
  synchronized Outcome drain(String name, boolean on, long orders) {
    Outcome refused = refused(orders);
    if (refused != null) {
      return refused;
    }
    Member known = nodes.get(name);
    if (known == null) {
      return new Outcome.Gone();
    }
    try {
      standing.drain(name, on, nodes.keySet());
    } catch (IOException e) {
      return new Outcome.Refused("that cannot be written down: " + e.getMessage());
    }
    known.draining = on;
    return new Outcome.Done(report(known, System.currentTimeMillis()));
  }

  /**
   * Has it end.
   *
   * @param patience how long this may wait for it
   */
  Outcome stop(String name, Duration grace, long orders, Duration patience) {
    synchronized (this) {
      Outcome refused = refused(orders);
      if (refused != null) {
        return refused;
      }
    }
    return stop(name, grace, patience);
  }

  private Outcome stop(String name, Duration grace, Duration patience) {
    CompletableFuture<Void> stop;
    synchronized (this) {
      Member known = nodes.get(name);
      if (known == null) {
        return new Outcome.Gone();
      }
      if (known.state != State.ENDING) {
        known.state = State.ENDING;
        known.draining = true;
        known.words = "";
        known.stop = new CompletableFuture<>();
        say.accept("stops " + name + " of " + service + " for " + owner);
        Thread.ofVirtual().name("stop " + name).start(() -> end(known, grace));
      }
      stop = known.stop;
    }
    try {
      stop.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // Told below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      Member left = nodes.get(name);
      if (left == null) {
        return new Outcome.Gone();
      }
      return left.state == State.ENDING
          ? new Outcome.Waits(report(left, System.currentTimeMillis()))
          : new Outcome.Refused(left.words);
    }
  }

  private void end(Member member, Duration grace) {
    String trouble = null;
    try {
      driver.stop(member.started, grace);
    } catch (IOException | RuntimeException e) {
      trouble = String.valueOf(e.getMessage());
    }
    synchronized (this) {
      if (trouble == null) {
        nodes.remove(member.started.name(), member);
      } else {
        member.state = State.RUNNING;
        member.words = trouble;
        say.accept(member.started.name() + " of " + service + " cannot be stopped: " + trouble);
      }
    }
    member.stop.complete(null);
  }

  /** Looks whether all are there; what those that are not have left behind is cleared away. */
  void look() {
    List<Started> running = new ArrayList<>();
    long now = System.nanoTime();
    synchronized (this) {
      nodes
          .values()
          .removeIf(node -> node.state == State.ENDED && now - node.endedNanos > REMEMBERED_NANOS);
      for (Member node : nodes.values()) {
        if (node.state == State.RUNNING) {
          running.add(node.started);
        }
      }
    }
    if (running.isEmpty()) {
      return;
    }
    Map<Started, String> ended;
    try {
      ended = driver.ended(running);
    } catch (IOException e) {
      return; // not known: they stay
    }
    ended.forEach((started, words) -> {
      Member member;
      synchronized (this) {
        member = nodes.get(started.name());
        if (member == null || !started.equals(member.started) || member.state != State.RUNNING) {
          return;
        }
        member.state = State.ENDED;
        member.words = words;
        member.endedNanos = now;
      }
      say.accept(started.name() + " of " + service + " has ended: " + words);
      try {
        driver.stop(started, Duration.ZERO);
      } catch (IOException | RuntimeException e) {
        say.accept("what " + started.name() + " has left behind does not end: " + e.getMessage());
      }
    });
  }

  /** Tells all of them to end, and waits for it. */
  void stopAll(Duration grace) {
    List<String> names;
    synchronized (this) {
      names = List.copyOf(nodes.keySet());
    }
    List<Thread> threads = new ArrayList<>();
    for (String name : names) {
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                Outcome _ = stop(name, grace, grace.plusSeconds(10));
              }));
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * What that node has written, from that byte on.
   *
   * @return null: nothing is known of it
   */
  byte @Nullable [] output(String name, long from, int most) throws IOException {
    synchronized (this) {
      if (!nodes.containsKey(name)) {
        return null;
      }
    }
    try (RandomAccessFile file = new RandomAccessFile(output(name).toFile(), "r")) {
      long length = Math.max(0, Math.min(most, file.length() - from));
      byte[] bytes = new byte[(int) length];
      if (length > 0) {
        file.seek(from);
        file.readFully(bytes);
      }
      return bytes;
    }
  }
}
