package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import io.fairlead.config.TlsFiles;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one certificate: orders it if there is none, renews it in time, and tries again after a
 * failure. All of it on one virtual thread, from {@link #start} to {@link #stop}, and then from the
 * next start on. What is shown meanwhile is the file that there is.
 */
public final class Renewal {
  private static final String PEM = ".pem";

  /** A thread that waits for long looks at the clock anew: machines sleep, clocks are set. */
  private static final Duration LOOK = Duration.ofMinutes(10);

  /**
   * How things stand.
   *
   * @param failures in a row
   * @param orders that ended well since the start of the process
   * @param failed those that did not
   * @param why the last one failed; empty: it did not
   * @param next when something is due, epoch milliseconds; 0: now, or this is not the one who
   *     orders
   */
  public record State(int failures, long orders, long failed, String why, long next) {
    static final State NEW = new State(0, 0, 0, "", 0);
  }

  private final AcmeConfig config;
  private final Vault vault;
  private final FolderVault files;
  private final Authority authority;
  private final LongSupplier epochMillis;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private volatile State state = State.NEW;
  private @Nullable Thread thread;

  /**
   * @param vault where what is ordered is kept, and what is needed to go on with an order
   * @param files where listeners take certificates from
   * @param random of one thread
   */
  public Renewal(
      AcmeConfig config,
      Vault vault,
      FolderVault files,
      Challenges challenges,
      LongSupplier epochMillis,
      RandomGenerator random,
      Consumer<Event> events) {
    this.config = config;
    this.vault = vault;
    this.files = files;
    this.authority = new Authority(vault, challenges);
    this.epochMillis = epochMillis;
    this.random = random;
    this.events = events;
  }

  public AcmeConfig config() {
    return config;
  }

  /** How things stand. Any thread. */
  public State state() {
    return state;
  }

  /** Where the certificate of that configuration is, with its key, once it was issued. */
  public static String fileName(AcmeConfig config) {
    return config.id() + PEM;
  }

  /**
   * The certificate that is shown, if there is one that can be.
   *
   * @throws IOException saying what is wrong with the file
   */
  public static Optional<X509Certificate> read(Path file) throws IOException {
    return Files.exists(file)
        ? Optional.of(TlsFiles.identity(file, file, Optional.empty()).certificate())
        : Optional.empty();
  }

  /** From now on this is the one who orders. One thread at a time calls this and {@link #stop}. */
  public synchronized void start() {
    if (thread == null) {
      thread = Thread.ofVirtual().name("acme " + config.id()).start(this::run);
    }
  }

  /** Orders no more; what was begun is gone on with by whoever starts next. */
  public synchronized void stop() {
    Thread running = thread;
    thread = null;
    if (running != null) {
      running.interrupt();
    }
  }

  /** Tries again now, if the last try failed. */
  public synchronized void retry() {
    State present = state;
    if (present.failures() > 0 && thread != null) {
      stop();
      state = new State(present.failures(), present.orders(), present.failed(), present.why(), 0);
      start();
    }
  }

  private synchronized boolean isStopped() {
    return thread != Thread.currentThread();
  }

  private void run() {
    try {
      while (true) {
        Instant due = due();
        waitUntil(due);
        attempt();
      }
    } catch (InterruptedException _) {
      // Stopped.
    }
  }

  /** When something is to be done; in the past: now. */
  private Instant due() {
    State present = state;
    if (present.failures() > 0 && present.next() > 0) {
      return Instant.ofEpochMilli(present.next());
    }
    try {
      return read(files.file(fileName(config)))
          .map(certificate -> RenewalTime.of(certificate, config.renewBefore(), random))
          .orElse(Instant.EPOCH);
    } catch (IOException e) {
      return Instant.EPOCH; // a file that is damaged is as good as none
    }
  }

  private Instant now() {
    return Instant.ofEpochMilli(epochMillis.getAsLong());
  }

  private void waitUntil(Instant due) throws InterruptedException {
    State present = state;
    state =
        new State(
            present.failures(),
            present.orders(),
            present.failed(),
            present.why(),
            due.toEpochMilli());
    while (true) {
      Duration left = Duration.between(now(), due);
      if (!left.isPositive()) {
        return;
      }
      Thread.sleep(left.compareTo(LOOK) < 0 ? left : LOOK);
    }
  }

  private void attempt() throws InterruptedException {
    String name = String.join(", ", config.domains());
    try {
      String text = authority.order(config);
      boolean first = vault.get(fileName(config)) == null;
      check(text);
      if (isStopped()) {
        throw new InterruptedException();
      }
      vault.put(fileName(config), text);
      authority.forget(config);
      State before = state;
      state = new State(0, before.orders() + 1, before.failed(), "", 0);
      events.accept(
          first
              ? new Event.CertificateOrdered(name, config.directory())
              : new Event.CertificateRenewed(name, config.directory()));
    } catch (OrderFailed e) {
      failed(name, String.valueOf(e.getMessage()), e.notBefore());
    } catch (IOException e) {
      failed(name, "it cannot be kept: " + e.getMessage(), Optional.empty());
    }
  }

  private void failed(String name, String why, Optional<Instant> wish) throws InterruptedException {
    if (isStopped()) {
      throw new InterruptedException(); // told to stop: that is no failure
    }
    State before = state;
    int failures = before.failures() + 1;
    Instant next = RenewalTime.again(now(), failures, wish, random);
    state = new State(failures, before.orders(), before.failed() + 1, why, next.toEpochMilli());
    events.accept(
        new Event.CertificateOrderFailed(
            name, why, Duration.between(now(), next).toSeconds(), failures));
  }

  /** What was issued has to be what was ordered: nothing else replaces what there is. */
  private void check(String text) throws OrderFailed, IOException {
    String draft = fileName(config) + ".issued";
    files.put(draft, text);
    try {
      X509Certificate issued =
          TlsFiles.identity(files.file(draft), files.file(draft), Optional.empty()).certificate();
      if (issued.getNotAfter().toInstant().isBefore(now())) {
        throw new OrderFailed("the authority issued a certificate that has expired");
      }
    } catch (IOException e) {
      throw new OrderFailed(
          "the authority issued a certificate that is not ours to use: " + e.getMessage());
    } finally {
      files.delete(draft);
    }
  }
}
