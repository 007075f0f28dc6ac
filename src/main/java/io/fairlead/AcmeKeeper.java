package io.fairlead;

import io.fairlead.acme.Challenges;
import io.fairlead.acme.FolderVault;
import io.fairlead.acme.HandshakeProof;
import io.fairlead.acme.Renewal;
import io.fairlead.config.AcmeConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.ListenerConfig;
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

  /** By id. */
  private final Map<String, Renewal> all = new LinkedHashMap<>();

  private Leadership.@Nullable Candidacy candidacy;
  private boolean elected;

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
  }

  /** What listeners of this instance answer to authorities. */
  static final class Answers implements Challenges {
    private final HttpChallenges http;
    private final TlsChallenges tls;
    private final LongSupplier epochMillis;
    private final Map<String, List<Question>> byHttp = new HashMap<>();
    private final Map<String, List<Question>> byTls = new HashMap<>();

    Answers(HttpChallenges http, TlsChallenges tls, LongSupplier epochMillis) {
      this.http = http;
      this.tls = tls;
      this.epochMillis = epochMillis;
    }

    @Override
    public synchronized void outstanding(
        String certificate, AcmeConfig.Challenge kind, List<Question> questions)
        throws IOException {
      switch (kind) {
        case HTTP_01 -> {
          byHttp.put(certificate, questions);
          Map<String, String> texts = new HashMap<>();
          byHttp
              .values()
              .forEach(some -> some.forEach(one -> texts.put(one.token(), one.authorization())));
          http.show(texts);
        }
        case TLS_ALPN_01 -> {
          byTls.put(certificate, questions);
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
              one,
              files,
              files,
              answers,
              control::epochMillis,
              new SplittableRandom(secrets.nextLong()),
              events);
      all.put(id, made);
      if (elected) {
        made.start();
      }
    });
    if (wanted.isEmpty() && candidacy != null) {
      candidacy.close();
      candidacy = null;
    } else if (!wanted.isEmpty() && candidacy == null) {
      candidacy = roles.stand(ROLE, new Orders());
    }
  }

  /** Told by the control thread, which does nothing here but to start and stop others. */
  private final class Orders implements Leadership.Candidate {
    @Override
    public void elected(long term) {
      become(true);
    }

    @Override
    public void renewed(long sentNanos, Duration ttl) {}

    @Override
    public void deposed() {
      become(false);
    }
  }

  private synchronized void become(boolean now) {
    elected = now;
    all.values().forEach(now ? Renewal::start : Renewal::stop);
  }

  /**
   * How one certificate stands.
   *
   * @param config what is wanted
   * @param state what has become of it
   */
  record Standing(AcmeConfig config, Renewal.State state) {}

  /** How things stand. Any thread. */
  synchronized List<Standing> standing() {
    List<Standing> standing = new ArrayList<>();
    all.values().forEach(one -> standing.add(new Standing(one.config(), one.state())));
    return standing;
  }

  /** Orders no more. */
  synchronized void close() {
    if (candidacy != null) {
      candidacy.close();
      candidacy = null;
    }
    all.values().forEach(Renewal::stop);
    all.clear();
  }
}
