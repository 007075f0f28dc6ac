package io.fairlead;

import io.fairlead.config.FairleadConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceTls;
import io.fairlead.health.ProbeTls;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.service.Node;
import io.fairlead.telemetry.Event;
import io.fairlead.trust.NodeTrust;
import io.fairlead.trust.OwnCertificate;
import io.fairlead.trust.WatchedFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what TLS towards the nodes of all services needs: reads authorities and certificates,
 * replaces them when their files change, and warns before the certificate of a node expires. Used
 * by one thread at a time, under the lock of {@link Fairlead} for changes.
 */
final class NodeTlsKeeper {
  /** Days before the end at which an event says so, the latest first. */
  private static final List<Integer> WARN_DAYS = List.of(0, 7, 14);

  /**
   * What has been made ready for one service.
   *
   * @param requests how they speak to nodes; null: in the clear, or what clients say is passed on
   * @param probes how they do
   * @param files as they were before they were read
   */
  record Ready(
      ServiceTls config,
      NodeProtocol protocol,
      @Nullable NodeTls requests,
      ProbeTls probes,
      WatchedFiles files) {
    boolean isOf(ServiceConfig service) {
      return config.equals(service.nodeTls())
          && protocol == service.protocol()
          && (requests != null) == service.tls().enabled();
    }
  }

  /** What has been said of a node's certificate. */
  private record Warned(long end, int step) {}

  private final LongSupplier epochMillis;
  private final Consumer<Event> events;
  private final BiConsumer<String, Ready> use;
  private Map<String, Ready> kept = Map.of();
  private final Map<Node, Warned> warned = new WeakHashMap<>();

  /**
   * @param use publishes for that service what its files have become
   */
  NodeTlsKeeper(LongSupplier epochMillis, Consumer<Event> events, BiConsumer<String, Ready> use) {
    this.epochMillis = epochMillis;
    this.events = events;
    this.use = use;
  }

  /** Whether there is anything to look after. */
  boolean isNeeded() {
    return !kept.isEmpty();
  }

  int files() {
    return kept.values().stream().mapToInt(one -> one.files().count()).sum();
  }

  /**
   * Makes ready what the services of that configuration need. What is as it was stays the same, so
   * that connections and sessions stay, too.
   *
   * @return by service; those without TLS are not in it
   * @throws IOException naming the file and what is wrong with it
   */
  Map<String, Ready> load(FairleadConfig config) throws IOException {
    Map<String, Ready> loaded = new LinkedHashMap<>();
    for (ServiceConfig service : config.services().values()) {
      if (service.nodeTls().enabled()) {
        Ready known = kept.get(service.name());
        WatchedFiles files = new WatchedFiles(NodeTrust.files(service.nodeTls()));
        loaded.put(
            service.name(),
            known != null && known.isOf(service) && known.files().isAs(files)
                ? known
                : read(
                    service.name(),
                    service.nodeTls(),
                    service.protocol(),
                    service.tls().enabled(),
                    files));
      }
    }
    return loaded;
  }

  private static Ready read(
      String service,
      ServiceTls config,
      NodeProtocol protocol,
      boolean forRequests,
      WatchedFiles files)
      throws IOException {
    try {
      NodeTrust trust = NodeTrust.of(config);
      Optional<OwnCertificate> own = OwnCertificate.of(config);
      return new Ready(
          config,
          protocol,
          forRequests ? NodeTls.of(config, protocol, trust, own) : null,
          ProbeTls.of(config, forRequests ? protocol : NodeProtocol.HTTP1, trust, own),
          files);
    } catch (IOException e) {
      String key = forRequests ? ".tls: " : ".health.tls: ";
      throw new IOException("services." + service + key + e.getMessage(), e);
    }
  }

  /** These are used from now on, and no others. */
  void keep(Map<String, Ready> loaded) {
    kept = new HashMap<>(loaded);
  }

  /** Takes up what has changed in files. */
  void lookAgain() {
    for (Map.Entry<String, Ready> entry : kept.entrySet()) {
      Ready one = entry.getValue();
      if (one.files().haveChanged()) {
        String service = entry.getKey();
        try {
          Ready next =
              read(service, one.config(), one.protocol(), one.requests() != null, one.files());
          entry.setValue(next);
          use.accept(service, next);
          events.accept(new Event.NodeTlsLoaded(service));
        } catch (IOException e) {
          events.accept(
              new Event.CertificatesRefused("service " + service, String.valueOf(e.getMessage())));
        }
      }
    }
  }

  /** Says once for each step how little time the certificate of that node has left. */
  void warn(Node node) {
    long end = node.certificateEnd();
    if (end == 0) {
      return;
    }
    long days = Math.floorDiv(end - epochMillis.getAsLong(), Duration.ofDays(1).toMillis());
    for (int step : WARN_DAYS) {
      if (days < step) {
        Warned now = new Warned(end, step);
        if (!now.equals(warned.put(node, now))) {
          events.accept(new Event.NodeCertificateExpires(node.service(), node.name(), days));
        }
        return;
      }
    }
  }
}
