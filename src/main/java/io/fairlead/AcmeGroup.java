package io.fairlead;

import io.fairlead.acme.Challenges;
import io.fairlead.acme.FolderVault;
import io.fairlead.acme.GroupCopies;
import io.fairlead.acme.GroupVault;
import io.fairlead.acme.Renewal;
import io.fairlead.acme.TextSeal;
import io.fairlead.acme.Vault;
import io.fairlead.config.AcmeConfig;
import io.fairlead.group.Group;
import io.fairlead.runtime.SharedValues;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Certificates of a group, as one of its instances sees them. One thread takes over what whoever
 * orders has put into the group's state: certificates, into this instance's own folder, from which
 * listeners have them; and what the authority asks for, which listeners answer here as well. That
 * they do is said in the state, and waited for by the one who orders, before the authority is asked
 * to look: it may come to any of them.
 */
final class AcmeGroup implements AutoCloseable {
  /** What each instance answers, by its name. */
  private static final String ANSWERED = "acme-answered";

  /** How long those are waited for that are there. One that is frozen is not there before. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How long those are waited for that are not: they may be starting, as this one. */
  private static final Duration PATIENCE_FOR_ABSENT = Duration.ofSeconds(3);

  private static final Duration LOOK = Duration.ofMillis(50);

  /** How often all is looked at, though nothing was told. */
  private static final Duration TURN = Duration.ofSeconds(5);

  private static final Duration AGAIN = Duration.ofMillis(250);
  private static final System.Logger LOG = System.getLogger(AcmeGroup.class.getName());

  private final Group group;
  private final String instance;
  private final TextSeal seal;
  private final FolderVault files;
  private final AcmeKeeper.Answers answers;
  private final GroupCopies copies;
  private final Semaphore changed = new Semaphore(0);
  private final Thread thread;

  /** Unlike that of another process of this instance. */
  private final String process;

  private volatile List<Renewal> wanted = List.of();

  /** What is answered, by certificate. Of the thread. */
  private final Map<String, AcmeConfig> shown = new HashMap<>();

  private final Map<String, String> texts = new TreeMap<>();

  AcmeGroup(
      Group group,
      String instance,
      TextSeal seal,
      FolderVault files,
      AcmeKeeper.Answers answers,
      SecureRandom random) {
    this.group = group;
    this.instance = instance;
    this.seal = seal;
    this.files = files;
    this.answers = answers;
    this.copies = new GroupCopies(group.values(), files, seal);
    this.process = Long.toHexString(random.nextLong());
    thread = Thread.ofVirtual().name("acme of the group").start(this::run);
  }

  /** From now on these are taken over. */
  void follow(List<Renewal> renewals) {
    wanted = renewals;
    changed.release();
  }

  /** What the one who orders in that term writes to. */
  Vault vault(long term, BooleanSupplier held) {
    return new GroupVault(group.values(), files, seal, term, held);
  }

  /** Has all instances answer what the authority asks for. */
  Challenges challenges(Vault vault) {
    return (certificate, questions) -> {
      GroupCopies.ask(vault, certificate, questions);
      if (!questions.isEmpty()) {
        awaitAll(certificate.id() + " " + mark(GroupCopies.text(questions)));
      }
    };
  }

  // --- the one who orders ------------------------------------------------------------------

  /** Whoever does not answer in time does not hold the order up: the authority sees by itself. */
  private void awaitAll(String line) throws InterruptedException {
    long begin = System.nanoTime();
    while (true) {
      Duration waited = Duration.ofNanos(System.nanoTime() - begin);
      String missing = missing(line, waited.compareTo(PATIENCE_FOR_ABSENT) < 0);
      if (missing.isEmpty()) {
        return;
      }
      if (waited.compareTo(PATIENCE) > 0) {
        LOG.log(Level.WARNING, "{0} does not say that it answers for {1}", missing, line);
        return;
      }
      Thread.sleep(LOOK);
    }
  }

  /** One that does not answer that yet; empty: all do. */
  private String missing(String line, boolean absentToo) {
    Group.View view = group.view();
    for (Group.Member member : view.members()) {
      boolean counts = member.present() ? !member.role().equals("witness") : absentToo;
      if (counts && !answers(member.name(), line)) {
        return member.name();
      }
    }
    return view.connected() ? "" : instance;
  }

  private boolean answers(String member, String line) {
    try {
      SharedValues.Value said = group.values().peek(ANSWERED + "/" + member);
      return said != null && said.text().lines().anyMatch(line::equals);
    } catch (IOException e) {
      return false;
    }
  }

  // --- all ---------------------------------------------------------------------------------

  private void run() {
    try (SharedValues.Watch _ = copies.watch(changed::release)) {
      while (true) {
        Duration pause = step() ? TURN : AGAIN;
        boolean _ = changed.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
        int _ = changed.drainPermits();
      }
    } catch (InterruptedException _) {
      // Closed.
    } catch (IOException e) {
      LOG.log(Level.WARNING, "certificates of the group are not followed", e);
    }
  }

  /** Answers whether all is as it should be, as far as this instance knows. */
  private boolean step() {
    Map<String, AcmeConfig> ids = new HashMap<>();
    boolean whole = true;
    for (Renewal renewal : wanted) {
      AcmeConfig config = renewal.config();
      ids.put(config.id(), config);
      try {
        show(config, copies.asked(config));
        copies.take(renewal);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: {1}", config.id(), e.getMessage());
        whole = false;
      }
    }
    for (AcmeConfig gone : List.copyOf(shown.values())) {
      if (!gone.equals(ids.get(gone.id()))) {
        whole &= hide(gone);
      }
    }
    return say() && whole;
  }

  private void show(AcmeConfig config, @Nullable String text) throws IOException {
    if (text == null) {
      if (shown.containsKey(config.id())) {
        boolean _ = hide(config);
      }
    } else if (!text.equals(texts.get(config.id()))) {
      answers.outstanding(config, GroupCopies.questions(text));
      shown.put(config.id(), config);
      texts.put(config.id(), text);
    }
  }

  /** Nothing is answered for it any more. */
  private boolean hide(AcmeConfig gone) {
    try {
      answers.outstanding(gone, List.of());
      shown.remove(gone.id());
      texts.remove(gone.id());
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Says what is answered here. What an earlier process or session has said ends with it. */
  private boolean say() {
    StringBuilder said = new StringBuilder(process);
    texts.forEach((id, text) -> said.append('\n').append(id).append(' ').append(mark(text)));
    String text = said.toString();
    String key = ANSWERED + "/" + instance;
    try {
      SharedValues values = group.values();
      SharedValues.Value present = values.peek(key);
      if (present != null && present.text().equals(text)) {
        return true;
      }
      if (present != null && present.text().startsWith(process)) {
        return values.replace(key, text, present.version()) != null || texts.isEmpty();
      }
      if (present != null) {
        values.delete(key);
      }
      return texts.isEmpty() || values.lend(key, text) != null;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "what is answered is not said: {0}", e.getMessage());
      return false;
    }
  }

  private static String mark(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Answers nothing more for others. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(2));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    List.copyOf(shown.values()).forEach(this::hide);
  }
}
