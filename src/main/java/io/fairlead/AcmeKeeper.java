package io.fairlead;

import io.fairlead.acme.Challenges;
import io.fairlead.acme.FolderVault;
import io.fairlead.acme.HandshakeProof;
import io.fairlead.acme.Renewal;
import io.fairlead.acme.Revocation;
import io.fairlead.acme.TextSeal;
import io.fairlead.acme.Vault;
import io.fairlead.config.AcmeConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.Secret;
import io.fairlead.dns.DnsChallenges;
import io.fairlead.group.Group;
import io.fairlead.proxy.http.HttpChallenges;
import io.fairlead.proxy.tls.TlsChallenges;
import io.fairlead.runtime.ControlThread;
import io.fairlead.runtime.Leadership;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Certificates that are ordered: one for each set of names, however many listeners show it. Whoever
 * has the role orders them; the others only show what there is.
 */
final class AcmeKeeper {
  private static final String FOLDER = "acme";
  private static final String ROLE = "acme";

  private final Roles roles;
  private final ControlThread control;
  private final Consumer<Event> events;
  private final SecureRandom secrets;
  private final FolderVault files;
  private final Answers answers;
  private final LongSupplier nanos;

  /** By id. */
  private final Map<String, Renewal> all = new LinkedHashMap<>();

  private Leadership.@Nullable Candidacy candidacy;

  /** In which this instance orders; 0: another does. */
  private long term;

  /** Until when the role is held, by the clock that never goes back. */
  private volatile long heldUntil;

  private boolean grouped;

  /** Null: this instance is alone, or shares nothing. */
  private @Nullable AcmeGroup group;

  AcmeKeeper(
      Path data,
      Roles roles,
      ControlThread control,
      Consumer<Event> events,
      SecureRandom secrets,
      Answers answers) {
    this.roles = roles;
    this.control = control;
    this.events = events;
    this.secrets = secrets;
    this.files = new FolderVault(data.resolve(FOLDER));
    this.answers = answers;
    this.nanos = control::nanoTime;
    this.heldUntil = nanos.getAsLong();
  }

  /** What listeners of this instance answer to authorities. */
  static final class Answers implements Challenges {
    private final HttpChallenges http;
    private final TlsChallenges tls;
    private final DnsChallenges dns;
    private final LongSupplier epochMillis;
    private final Map<String, List<Question>> byDns = new HashMap<>();
    private final Map<String, List<Question>> byHttp = new HashMap<>();
    private final Map<String, List<Question>> byTls = new HashMap<>();

    Answers(HttpChallenges http, TlsChallenges tls, DnsChallenges dns, LongSupplier epochMillis) {
      this.dns = dns;
      this.http = http;
      this.tls = tls;
      this.epochMillis = epochMillis;
    }

    @Override
    public synchronized void outstanding(AcmeConfig certificate, List<Question> questions)
        throws IOException {
      switch (certificate.challenge()) {
        case HTTP_01 -> {
          byHttp.put(certificate.id(), questions);
          Map<String, String> texts = new HashMap<>();
          byHttp
              .values()
              .forEach(some -> some.forEach(one -> texts.put(one.token(), one.authorization())));
          http.show(texts);
        }
        case DNS_01 -> {
          byDns.put(certificate.id(), questions);
          Map<String, List<String>> texts = new HashMap<>();
          byDns
              .values()
              .forEach(some ->
                  some.forEach(one ->
                      texts
                          .computeIfAbsent(one.domain(), _ -> new ArrayList<>())
                          .add(one.authorization())));
          dns.show(texts);
        }
        case TLS_ALPN_01 -> {
          byTls.put(certificate.id(), questions);
          Instant now = Instant.ofEpochMilli(epochMillis.getAsLong());
          Map<String, TlsChallenges.Proof> proofs = new HashMap<>();
          byTls
              .values()
              .forEach(some ->
                  some.forEach(one -> {
                    HandshakeProof made = HandshakeProof.of(one, now);
                    proofs.put(
                        one.domain(), new TlsChallenges.Proof(made.key(), made.certificate()));
                  }));
          tls.show(proofs);
        }
      }
    }
  }

  /** Where the certificate is, or will be. */
  Path file(AcmeConfig config) {
    return files.file(Renewal.fileName(config));
  }

  /**
   * From now on these are ordered and renewed. What failed before is tried again: whoever changes
   * the configuration may have put right what was wrong.
   */
  synchronized void follow(FairleadConfig config) {
    Map<String, AcmeConfig> wanted = new LinkedHashMap<>();
    for (ListenerConfig listener : config.listeners().values()) {
      listener.tls().acme().ifPresent(acme -> wanted.putIfAbsent(acme.id(), acme));
    }
    all.entrySet()
        .removeIf(entry -> {
          boolean left = !entry.getValue().config().equals(wanted.get(entry.getKey()));
          if (left) {
            entry.getValue().stop();
          }
          return left;
        });
    wanted.forEach((id, one) -> {
      Renewal known = all.get(id);
      if (known != null) {
        known.retry();
        return;
      }
      Renewal made =
          new Renewal(
              one, files, control::epochMillis, new SplittableRandom(secrets.nextLong()), events);
      all.put(id, made);
      if (term != 0) {
        start(List.of(made));
      }
    });
    if (group != null) {
      group.follow(List.copyOf(all.values()));
    }
    if (wanted.isEmpty() && candidacy != null) {
      candidacy.close();
      candidacy = null;
    } else if (!wanted.isEmpty() && candidacy == null) {
      candidacy = roles.stand(ROLE, new Orders());
    }
  }

  /**
   * From now on this instance is one of that group, and shares what is ordered with its others.
   * Before the group gives roles.
   */
  synchronized void join(Group joined, GroupConfig config) {
    grouped = true;
    end(); // a role that was one's own alone
    Secret token = config.token().orElse(null);
    if (token != null && config.role() == GroupConfig.Role.MEMBER) {
      TextSeal seal = new TextSeal(token, config.name(), secrets);
      group = new AcmeGroup(joined, config.instance(), seal, files, answers, secrets);
      group.follow(List.copyOf(all.values()));
    }
  }

  /** From now on this instance is alone. Before the group takes its roles back. */
  void leave() {
    AcmeGroup left;
    synchronized (this) {
      grouped = false;
      left = group;
      group = null;
    }
    if (left != null) {
      left.close(); // waits for its thread: the control thread must not wait for us meanwhile
    }
  }

  /** Told by the control thread, which does nothing here but to start and stop others. */
  private final class Orders implements Leadership.Candidate {
    private long elected;

    @Override
    public void elected(long ofTerm) {
      elected = ofTerm; // for how long is told next
    }

    @Override
    public void renewed(long sentNanos, Duration ttl) {
      heldUntil = sentNanos + ttl.toNanos();
      if (elected != 0) {
        begin(elected);
        elected = 0;
      }
    }

    @Override
    public void deposed() {
      end();
    }
  }

  private synchronized void begin(long ofTerm) {
    term = ofTerm;
    start(all.values());
  }

  private void start(Collection<Renewal> some) {
    AcmeGroup together = group;
    if (together != null) {
      Vault vault = together.vault(term, () -> nanos.getAsLong() - heldUntil < 0);
      Challenges challenges = together.challenges(vault);
      some.forEach(one -> one.start(vault, challenges));
    } else if (!grouped) {
      some.forEach(one -> one.start(files, answers));
    }
  }

  private synchronized void end() {
    term = 0;
    heldUntil = nanos.getAsLong();
    all.values().forEach(Renewal::stop);
  }

  /**
   * How one certificate stands.
   *
   * @param config what is wanted
   * @param state what has become of it
   * @param here whether this instance orders it, and not another one of the group
   */
  record Standing(AcmeConfig config, Renewal.State state, boolean here) {}

  /** How things stand. Any thread. */
  synchronized List<Standing> standing() {
    List<Standing> standing = new ArrayList<>();
    all.values().forEach(one -> standing.add(new Standing(one.config(), one.state(), term != 0)));
    return standing;
  }

  /**
   * Has the certificate of that id revoked once another one is shown. Waits for the disk, or the
   * group.
   *
   * @return why not; null: it will be
   */
  @Nullable String revoke(String id, Revocation.Reason reason) {
    Renewal one;
    synchronized (this) {
      one = all.get(id);
    }
    return one == null ? "No certificate " + id + " is ordered." : one.revoke(reason);
  }

  /** Orders no more. */
  void close() {
    synchronized (this) {
      if (candidacy != null) {
        candidacy.close();
        candidacy = null;
      }
      all.values().forEach(Renewal::stop);
      all.clear();
    }
    leave();
  }
}
