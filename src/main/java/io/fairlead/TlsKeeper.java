package io.fairlead;

import io.fairlead.acme.Renewal;
import io.fairlead.config.AcmeConfig;
import io.fairlead.config.CertificateConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.ListenerTls;
import io.fairlead.proxy.http.HttpListenerState;
import io.fairlead.proxy.tls.ServerTls;
import io.fairlead.proxy.tls.TlsChallenges;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.telemetry.Event;
import io.fairlead.trust.CertificateNames;
import io.fairlead.trust.ExpiryWarnings;
import io.fairlead.trust.WatchedFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Keeps the certificates of all listeners: reads them, replaces them when their files change,
 * changes ticket keys in time, and warns before a certificate expires. Used by one thread at a
 * time, under the lock of {@link Fairlead} for changes.
 *
 * <p>A certificate and its key are two files that nobody can replace at once. So new ones are taken
 * when no file has changed for a moment and they belong together; until then, and if anything is
 * wrong with them, the old ones are shown.
 */
final class TlsKeeper {
  /** Files that are looked at in one millisecond, about; many take longer from look to look. */
  private static final int FILES_PER_MILLI = 10;

  private static final Duration LOOK = Duration.ofMillis(500);

  /**
   * Certificates that have been read, and are not shown yet.
   *
   * @param listener whose they are
   * @param tls ready to be shown
   * @param files as they were before they were read
   */
  record Loaded(TlsListener listener, ServerTls tls, WatchedFiles files) {}

  private static final class Kept {
    final TlsListener listener;
    ListenerTls config;
    boolean http3;
    WatchedFiles files;

    Kept(TlsListener listener, ListenerConfig config, WatchedFiles files) {
      this.listener = listener;
      this.config = config.tls();
      this.http3 = config.http3().isPresent();
      this.files = files;
    }
  }

  private final int loops;
  private final TlsChallenges challenges;

  /** Where a certificate is, with its key, that is ordered and not written by the operator. */
  private final Function<AcmeConfig, Path> ordered;

  private final LongSupplier epochMillis;
  private final Consumer<Event> events;

  /** Gives an old policy back when no loop uses it any more. */
  private final Consumer<ServerTls> retire;

  private final Map<String, Kept> kept = new HashMap<>();
  private final ExpiryWarnings warnings = new ExpiryWarnings();

  TlsKeeper(
      int loops,
      TlsChallenges challenges,
      Function<AcmeConfig, Path> ordered,
      LongSupplier epochMillis,
      Consumer<Event> events,
      Consumer<ServerTls> retire) {
    this.loops = loops;
    this.challenges = challenges;
    this.ordered = ordered;
    this.epochMillis = epochMillis;
    this.events = events;
    this.retire = retire;
  }

  /** Whether there is anything to look after. */
  boolean isNeeded() {
    return !kept.isEmpty();
  }

  /**
   * Reads what the listeners of that configuration are to show.
   *
   * @return by listener; those without TLS are not in it
   * @throws IOException naming the file and what is wrong with it
   */
  Map<String, Loaded> load(FairleadConfig config) throws IOException {
    Map<String, Loaded> loaded = new LinkedHashMap<>();
    try {
      for (ListenerConfig listener : config.listeners().values()) {
        ListenerTls wanted = listener.tls();
        if (wanted.isOn()) {
          Kept known = kept.get(listener.name());
          TlsListener shared =
              known != null
                  ? known.listener
                  : new TlsListener(
                      listener.name(), HttpListenerState.PROTOCOLS, loops, challenges);
          WatchedFiles files = new WatchedFiles(files(wanted));
          try {
            loaded.put(
                listener.name(),
                new Loaded(
                    shared,
                    shared.load(whole(listener.name(), wanted), listener.http3().isPresent()),
                    files));
          } catch (IOException e) {
            throw new IOException("listeners." + listener.name() + ".tls: " + e.getMessage(), e);
          }
        }
      }
      return loaded;
    } catch (IOException | RuntimeException e) {
      discard(loaded);
      throw e;
    }
  }

  /** Listeners that are not open yet may use theirs from now on. */
  void showFirst(Map<String, Loaded> loaded) {
    loaded.forEach((name, one) -> {
      if (!kept.containsKey(name)) {
        one.listener().publish(one.tls());
      }
    });
  }

  /** Nobody has seen them, and nobody will. */
  void discard(Map<String, Loaded> loaded) {
    loaded.values().forEach(one -> retire.accept(one.tls()));
  }

  /** All of them are shown from now on, and no others. */
  void show(Map<String, Loaded> loaded, FairleadConfig config) {
    kept.entrySet()
        .removeIf(entry -> {
          boolean left = !loaded.containsKey(entry.getKey());
          if (left) {
            entry.getValue().listener.end(retire);
          }
          return left;
        });
    loaded.forEach((name, one) -> {
      ListenerConfig listener = config.listeners().get(name);
      if (listener == null) {
        return;
      }
      Kept known = kept.get(name);
      if (known == null) {
        kept.put(name, new Kept(one.listener(), listener, one.files()));
      } else {
        known.config = listener.tls();
        known.http3 = listener.http3().isPresent();
        known.files = one.files();
        publish(one.listener(), one.tls());
      }
    });
    warn();
  }

  private void publish(TlsListener listener, ServerTls next) {
    ServerTls before = listener.publish(next);
    if (before != null) {
      retire.accept(before);
    }
  }

  /**
   * How long to wait until the next {@link #lookAgain}.
   *
   * @param others files that are looked at in the same turn
   */
  Duration pause(int others) {
    int files = others + kept.values().stream().mapToInt(one -> one.files.count()).sum();
    return LOOK.plusMillis(files / FILES_PER_MILLI);
  }

  /** Takes up what has changed in files, and does what is due. */
  void lookAgain(long nanos) {
    kept.forEach((name, one) -> {
      if (one.files.haveChanged()) {
        reload(name, one);
      }
      one.listener.turnTickets(nanos);
    });
    warn();
  }

  /** What all listeners with TLS share of their connections, by name. */
  Map<String, TlsListener> listeners() {
    Map<String, TlsListener> listeners = new TreeMap<>();
    kept.forEach((name, one) -> listeners.put(name, one.listener));
    return listeners;
  }

  private void reload(String name, Kept one) {
    Set<X509Certificate> before = new HashSet<>();
    one.listener.shown().forEach(shown -> before.add(shown.certificate()));
    try {
      publish(one.listener, one.listener.load(whole(name, one.config), one.http3));
    } catch (IOException e) {
      events.accept(
          new Event.CertificatesRefused("listener " + name, String.valueOf(e.getMessage())));
      return;
    }
    for (TlsListener.Shown shown : one.listener.shown()) {
      if (!before.contains(shown.certificate())) {
        events.accept(new Event.CertificateLoaded(name, shown.file(), names(shown)));
      }
    }
  }

  /** With the certificate that was ordered, if there is one. */
  private ListenerTls whole(String name, ListenerTls config) {
    AcmeConfig acme = config.acme().orElse(null);
    if (acme == null) {
      return config;
    }
    Path file = ordered.apply(acme);
    try {
      return Renewal.read(file).isPresent()
          ? config.with(new CertificateConfig(file, file, Optional.empty()))
          : config;
    } catch (IOException e) {
      events.accept(
          new Event.CertificatesRefused("listener " + name, String.valueOf(e.getMessage())));
      return config; // it is ordered anew
    }
  }

  /** Says once for each step how little time is left. */
  private void warn() {
    kept.forEach((name, one) -> {
      for (TlsListener.Shown shown : one.listener.shown()) {
        warnings
            .due(name + shown.file(), shown.certificate(), epochMillis.getAsLong())
            .ifPresent(days ->
                events.accept(
                    new Event.CertificateExpires(name, shown.file(), names(shown), days)));
      }
    });
  }

  private static String names(TlsListener.Shown shown) {
    return CertificateNames.brief(shown.names());
  }

  /** No loop runs any more. */
  void close() {
    kept.values().forEach(one -> one.listener.end(ServerTls::release));
    kept.clear();
  }

  private List<Path> files(ListenerTls config) {
    List<Path> files = new ArrayList<>(config.clientCa());
    config.acme().map(ordered).ifPresent(files::add);
    for (CertificateConfig certificate : config.certificates()) {
      files.add(certificate.cert());
      files.add(certificate.key());
      Optional<Path> ocsp = certificate.ocsp();
      ocsp.ifPresent(files::add);
    }
    return files;
  }
}
