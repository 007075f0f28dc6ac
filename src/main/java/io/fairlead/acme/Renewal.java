package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import io.fairlead.config.TlsFiles;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
  static final String PEM = ".pem";
  private static final String TRIES = ".tries";

  /** How soon it is tried again to know what others of the group know. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  /**
   * How long it may take until all listeners show what has been issued: they look by the second.
   */
  private static final Duration SHOWN_AFTER = Duration.ofSeconds(5);

  private static final System.Logger LOG = System.getLogger(Renewal.class.getName());

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
   * @param revoking they were about revoking the one before
   */
  public record State(
      int failures, long orders, long failed, String why, long next, boolean revoking) {
    static final State NEW = new State(0, 0, 0, "", 0, false);

    private State due(long at) {
      return new State(failures, orders, failed, why, at, revoking);
    }

    private State ended(long more) {
      return new State(0, orders + more, failed, "", 0, false);
    }
  }

  private final AcmeConfig config;
  private final FolderVault files;
  private final LongSupplier epochMillis;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private volatile State state = State.NEW;
  private @Nullable Thread thread;
  private @Nullable Work work;

  /**
   * By what it is ordered, from a start on.
   *
   * @param vault where it is kept
   */
  private record Work(Vault vault, Authority authority) {}

  /**
   * @param files where listeners take certificates from
   * @param random of one thread
   */
  public Renewal(
      AcmeConfig config,
      FolderVault files,
      LongSupplier epochMillis,
      RandomGenerator random,
      Consumer<Event> events) {
    this.config = config;
    this.files = files;
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

  /**
   * From now on this is the one who orders. One thread at a time calls this and {@link #stop}.
   *
   * @param vault where what is ordered is kept, and what is needed to go on with an order
   */
  public synchronized void start(Vault vault, Challenges challenges) {
    if (thread == null) {
      begin(new Work(vault, new Authority(vault, challenges)));
    }
  }

  private synchronized void begin(Work next) {
    work = next;
    thread = Thread.ofVirtual().name("acme " + config.id()).start(() -> run(next));
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
    Work last = work;
    if (present.failures() > 0 && thread != null && last != null) {
      stop();
      state = present.due(0);
      begin(last);
    }
  }

  /**
   * What the one who orders says of it, while that is another instance.
   *
   * @param text as it was noted; null: nothing
   */
  synchronized void hear(@Nullable String text) {
    if (thread == null) {
      state = noted(text);
    }
  }

  private State noted(@Nullable String text) {
    State present = state;
    String[] words = text == null ? new String[0] : text.split(" ", 3);
    try {
      if (words.length == 3) {
        int failures = Integer.parseInt(words[0]);
        return new State(
            Math.abs(failures),
            present.orders(),
            present.failed(),
            words[2],
            Long.parseLong(words[1]),
            failures < 0);
      }
    } catch (NumberFormatException _) {
      // Nothing that we know how to read.
    }
    return present.ended(0);
  }

  /** Failures about revoking are below 0. */
  private static String note(State state) {
    int failures = state.revoking() ? -state.failures() : state.failures();
    return failures + " " + state.next() + " " + state.why();
  }

  /** What is called so says how tries went. */
  static String triesName(AcmeConfig config) {
    return config.id() + TRIES;
  }

  private synchronized boolean isStopped() {
    return thread != Thread.currentThread();
  }

  private void run(Work work) {
    try {
      boolean first = true;
      while (!isStopped()) {
        claim(work.vault(), first);
        first = false;
        Revocation asked = asked(work.vault());
        waitUntil(due(asked));
        if (asked == null || isShown(asked)) {
          attempt(work);
        } else {
          revoke(work, asked);
        }
      }
    } catch (InterruptedException _) {
      // Stopped.
    }
  }

  /**
   * Goes on where another instance ended, and keeps that other from going on: what it has ordered,
   * how its tries went. Of two certificates, theirs and ours, the one that ends later is for all.
   */
  private void claim(Vault vault, boolean first) throws InterruptedException {
    String pem = fileName(config);
    while (vault.isShared() && !isStopped()) {
      try {
        vault.claim(
            List.of(
                Authority.accountName(config),
                Authority.orderName(config),
                GroupVault.askedName(config),
                triesName(config),
                Revocation.name(config),
                pem));
        String theirs = vault.get(pem);
        String ours = files.get(pem);
        if (theirs != null && isLater(theirs, ours)) {
          files.put(pem, theirs);
        } else if (ours != null && (ours.equals(theirs) || isLater(ours, theirs))) {
          vault.put(pem, ours); // the state may have none
        }
        if (first && state.failures() == 0) {
          state = noted(vault.get(triesName(config)));
        }
        return;
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: {1}", config.id(), e.getMessage());
        Thread.sleep(AGAIN);
      }
    }
  }

  /** Whether a certificate ends later than another. One that cannot be read ends before all. */
  static boolean isLater(String pem, @Nullable String than) {
    return end(pem).isAfter(than == null ? Instant.MIN : end(than));
  }

  private static Instant end(String pem) {
    try {
      return KeyText.certificate(pem).getNotAfter().toInstant();
    } catch (IOException e) {
      return Instant.MIN;
    }
  }

  /** When something is to be done; in the past: now. */
  private Instant due(@Nullable Revocation asked) {
    State present = state;
    if (present.failures() > 0 && present.next() > 0) {
      return Instant.ofEpochMilli(present.next());
    }
    if (asked != null) {
      return isShown(asked) ? Instant.EPOCH : everywhere();
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
    state = state.due(due.toEpochMilli());
    while (true) {
      Duration left = Duration.between(now(), due);
      if (!left.isPositive()) {
        return;
      }
      Thread.sleep(left.compareTo(LOOK) < 0 ? left : LOOK);
    }
  }

  private void attempt(Work work) throws InterruptedException {
    Vault vault = work.vault();
    try {
      String text = work.authority().order(config);
      boolean first = vault.get(fileName(config)) == null;
      check(text);
      if (isStopped()) {
        throw new InterruptedException();
      }
      vault.put(fileName(config), text);
      work.authority().forget(config);
      if (vault.isShared()) {
        vault.delete(triesName(config));
      }
      state = state.ended(1);
      events.accept(
          first
              ? new Event.CertificateOrdered(names(), config.directory())
              : new Event.CertificateRenewed(names(), config.directory()));
    } catch (Superseded e) {
      LOG.log(Level.DEBUG, "{0}: {1}", config.id(), e.getMessage());
      Thread.sleep(AGAIN); // told to stop soon; if not, it is claimed anew
    } catch (OrderFailed e) {
      failed(vault, false, String.valueOf(e.getMessage()), e.notBefore());
    } catch (IOException e) {
      failed(vault, false, "it cannot be kept: " + e.getMessage(), Optional.empty());
    }
  }

  private void failed(Vault vault, boolean revoking, String why, Optional<Instant> wish)
      throws InterruptedException {
    if (isStopped()) {
      throw new InterruptedException(); // told to stop: that is no failure
    }
    State before = state;
    int failures = before.failures() + 1;
    Instant next = RenewalTime.again(now(), failures, wish, random);
    long more = revoking ? 0 : 1;
    state =
        new State(
            failures, before.orders(), before.failed() + more, why, next.toEpochMilli(), revoking);
    note(vault);
    long seconds = Duration.between(now(), next).toSeconds();
    events.accept(
        revoking
            ? new Event.CertificateRevocationFailed(names(), why, seconds, failures)
            : new Event.CertificateOrderFailed(names(), why, seconds, failures));
  }

  private String names() {
    return String.join(", ", config.domains());
  }

  // --- revoking ----------------------------------------------------------------------------

  /**
   * Has the certificate that is shown revoked, once another one with another key is. Waits for the
   * disk, or the group.
   *
   * @return why not; null: it will be, and that is written down
   */
  public @Nullable String revoke(Revocation.Reason reason) {
    Work present;
    synchronized (this) {
      present = thread == null ? null : work;
    }
    if (present == null) {
      return "Another instance of the group orders this certificate; ask that one.";
    }
    try {
      String shown = files.get(fileName(config));
      if (shown == null) {
        return "There is no certificate for " + names() + " yet.";
      }
      Revocation before = asked(present.vault());
      if (before != null && !before.isOf(shown)) {
        return "The certificate before is still being revoked.";
      }
      present.vault().put(Revocation.name(config), new Revocation(reason, shown).text());
    } catch (IOException e) {
      return "That cannot be written down: " + e.getMessage();
    }
    again(present);
    return null;
  }

  /** Begins anew, at once; an order that is going on is gone on with. */
  private synchronized void again(Work asked) {
    if (thread != null && asked.equals(work)) {
      stop();
      state = state.due(0);
      begin(asked);
    }
  }

  private @Nullable Revocation asked(Vault vault) {
    try {
      return Revocation.read(vault.get(Revocation.name(config)));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0}: {1}", config.id(), e.getMessage());
      return null;
    }
  }

  /** Whether that is shown; what cannot be read is not. */
  private boolean isShown(Revocation asked) {
    try {
      String shown = files.get(fileName(config));
      return shown != null && asked.isOf(shown);
    } catch (IOException e) {
      return false;
    }
  }

  /** When the certificate is shown by all listeners, of all instances. */
  private Instant everywhere() {
    try {
      Path file = files.file(fileName(config));
      return Files.getLastModifiedTime(file).toInstant().plus(SHOWN_AFTER);
    } catch (IOException e) {
      return now().plus(SHOWN_AFTER);
    }
  }

  private void revoke(Work work, Revocation asked) throws InterruptedException {
    Vault vault = work.vault();
    try {
      work.authority().revoke(config, asked);
      if (isStopped()) {
        throw new InterruptedException();
      }
      vault.delete(Revocation.name(config));
      if (vault.isShared()) {
        vault.delete(triesName(config));
      }
      state = state.ended(0);
      String serial = asked.certificate().getSerialNumber().toString(16);
      events.accept(
          new Event.CertificateRevoked(names(), config.directory(), serial, asked.reason().word()));
    } catch (Superseded e) {
      LOG.log(Level.DEBUG, "{0}: {1}", config.id(), e.getMessage());
      Thread.sleep(AGAIN);
    } catch (OrderFailed e) {
      failed(vault, true, String.valueOf(e.getMessage()), e.notBefore());
    } catch (IOException e) {
      failed(vault, true, String.valueOf(e.getMessage()), Optional.empty());
    }
  }

  /** So that whoever orders next waits as long, and all can say why there is none. */
  private void note(Vault vault) {
    if (vault.isShared()) {
      try {
        vault.put(triesName(config), note(state));
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: {1}", config.id(), e.getMessage());
      }
    }
  }

  /** What was issued has to be what was ordered: nothing else replaces what there is. */
  private void check(String text) throws OrderFailed, IOException {
    try {
      X509Certificate issued = read(files, fileName(config) + ".issued", text);
      if (issued.getNotAfter().toInstant().isBefore(now())) {
        throw new OrderFailed("the authority issued a certificate that has expired");
      }
    } catch (IOException e) {
      throw new OrderFailed(
          "the authority issued a certificate that is not ours to use: " + e.getMessage());
    }
  }

  /** As a listener would read it, by way of a file of that name. */
  static X509Certificate read(FolderVault files, String draft, String text) throws IOException {
    files.put(draft, text);
    try {
      return TlsFiles.identity(files.file(draft), files.file(draft), Optional.empty())
          .certificate();
    } finally {
      files.delete(draft);
    }
  }
}
