package io.fairlead.admin;

import io.fairlead.admin.GroupViews.InstanceView;
import io.fairlead.admin.GroupViews.Instances;
import io.fairlead.admin.ListenerView.TlsView;
import io.fairlead.alert.Alerts;
import io.fairlead.alert.ReceiverState;
import io.fairlead.config.AlertRuleConfig;
import io.fairlead.extension.FilterStats;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.insight.SharedEvidence;
import io.fairlead.limit.SharedCounts;
import io.fairlead.record.RecordStats;
import io.fairlead.record.export.CopyStats;
import io.fairlead.record.otlp.ExportStats;
import io.fairlead.record.text.TextLogStats;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedView;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.service.ServiceLoad;
import io.fairlead.telemetry.AffinityCounter;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.FilterCounter;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.Metric;
import io.fairlead.telemetry.MetricsWriter;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.fairlead.telemetry.ShedReason;
import io.fairlead.telemetry.TlsCounter;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** Writes every metric of the catalogue, in its order. */
public final class MetricsPage {
  /** One of the counts of a route that are one metric, told apart by its last label. */
  private record Part(RouteCounter counter, String label) {}

  private static final List<Part> RESPONSES =
      List.of(
          new Part(RouteCounter.RESPONSES_2XX, "2xx"),
          new Part(RouteCounter.RESPONSES_3XX, "3xx"),
          new Part(RouteCounter.RESPONSES_4XX, "4xx"),
          new Part(RouteCounter.RESPONSES_5XX, "5xx"));
  private static final List<Part> REFUSED =
      Arrays.stream(ErrorReason.values())
          .flatMap(reason ->
              Stream.ofNullable(RouteCounter.of(reason))
                  .map(counter -> new Part(counter, reason.wireName())))
          .toList();
  private static final List<Part> RETRIES =
      List.of(
          new Part(RouteCounter.RETRIED_CONNECT, "connect"),
          new Part(RouteCounter.RETRIED_REFUSED, "refused"),
          new Part(RouteCounter.RETRIED_RESET, "reset"),
          new Part(RouteCounter.RETRIED_TIMEOUT, "timeout"),
          new Part(RouteCounter.RETRIED_BAD_RESPONSE, "bad-response"),
          new Part(RouteCounter.RETRIED_STATUS, "status"));
  private static final List<Part> RETRIES_REFUSED =
      List.of(
          new Part(RouteCounter.RETRY_NO_BUDGET, "budget"),
          new Part(RouteCounter.RETRY_SHEDDING, "shedding"),
          new Part(RouteCounter.RETRY_NO_BODY, "body"),
          new Part(RouteCounter.HEDGE_NO_BUDGET, "hedge-budget"));
  private static final List<Part> COMPRESSED_BYTES =
      List.of(
          new Part(RouteCounter.BYTES_BEFORE_COMPRESSION, "in"),
          new Part(RouteCounter.BYTES_COMPRESSED, "out"));
  private static final List<Part> MIRROR_LOST =
      List.of(
          new Part(RouteCounter.MIRROR_TOO_LARGE, "body"),
          new Part(RouteCounter.MIRROR_BUSY, "busy"),
          new Part(RouteCounter.MIRROR_FAILED, "failed"));
  private static final List<Part> FAULTS =
      List.of(
          new Part(RouteCounter.FAULT_DELAYED, "delay"),
          new Part(RouteCounter.FAULT_ABORTED, "abort"),
          new Part(RouteCounter.FAULT_NOT_DELAYED, "not-delayed"));

  private static final List<Part> CACHE =
      List.of(
          new Part(RouteCounter.CACHE_HITS, "hit"),
          new Part(RouteCounter.CACHE_COLLAPSED, "collapsed"),
          new Part(RouteCounter.CACHE_REVALIDATED, "revalidated"),
          new Part(RouteCounter.CACHE_STALE, "stale"),
          new Part(RouteCounter.CACHE_MISSES, "miss"),
          new Part(RouteCounter.CACHE_PASSED, "pass"));

  private final Instance instance;

  public MetricsPage(Instance instance) {
    this.instance = instance;
  }

  /** Where there is a group. */
  private static void group(
      MetricsWriter page, Metric metric, Instances group, ToDoubleFunction<Instances> value)
      throws IOException {
    page.family(metric);
    if (group.group() != null) {
      page.sample(metric, value.applyAsDouble(group));
    }
  }

  private static void count(
      MetricsWriter page, Metric metric, Instances group, Predicate<InstanceView> which)
      throws IOException {
    page.family(metric);
    if (group.group() != null) {
      for (String state : List.of("up", "down", "unknown")) {
        page.sample(
            metric,
            group.instances().stream()
                .filter(which)
                .filter(one -> one.state().equals(state))
                .count(),
            state);
      }
    }
  }

  Answer answer(Call call) {
    ScrapeFormat format = ScrapeFormat.wanted(call.accept());
    return new Answer.Pieces(200, format.contentType(), Map.of(), out -> writeTo(out, format));
  }

  void writeTo(OutputStream out, ScrapeFormat format) throws IOException {
    writeTo(format.writer(out));
  }

  /** Writes them somewhere else than to a page. */
  public void writeTo(MetricsWriter page) throws IOException {
    RecordStats records = instance.recordStats();
    List<TextLogStats> logs = instance.textLogs();
    List<ExportStats> exports = instance.exports();
    // One look at who is there, so that all series of a page speak of the same nodes.
    List<ListenerView> listeners = instance.listeners();
    List<Service> services = instance.services();
    List<DatabaseReport> databases = instance.databases();
    ConfigState config = instance.config();
    Instances group = Instances.of(instance.group());
    List<VipStatus> vips = instance.vips();
    List<BgpStatus> routers = instance.routers();
    for (Metric metric : Metric.values()) {
      switch (metric) {
        case BUILD_INFO -> {
          page.family(metric);
          page.sample(metric, 1, instance.version(), Runtime.version().toString());
        }
        case UPTIME -> single(page, metric, instance.uptime().toMillis() / 1e3);
        case READY -> single(page, metric, instance.ready() && !instance.draining() ? 1 : 0);
        case CONTROL_LAG -> single(page, metric, instance.controlLag().toNanos() / 1e9);
        case LOOP_LAG -> single(page, metric, instance.loopLag().toNanos() / 1e9);
        case PRESSURE -> single(page, metric, instance.pressure());
        case CONFIG_VERSION -> {
          page.family(metric);
          page.sample(metric, config.version());
        }
        case CONFIG_RELOAD_SUCCESS -> single(page, metric, config.lastReloadSucceeded() ? 1 : 0);
        case GROUP_CONNECTED -> group(page, metric, group, each -> each.connected() ? 1 : 0);
        case GROUP_INSTANCES -> count(page, metric, group, _ -> true);
        case GROUP_VOTERS -> count(page, metric, group, InstanceView::votes);
        case GROUP_LEADER ->
            group(
                page,
                metric,
                group,
                each -> each.instances().stream().anyMatch(i -> i.self() && i.leader()) ? 1 : 0);
        case GROUP_CONFIG_LAG -> {
          page.family(metric);
          for (InstanceView one : group.instances()) {
            if (one.state().equals("up")) {
              page.sample(metric, one.lag(), one.name());
            }
          }
        }
        case STORE_LOG_LAG -> {
          page.family(metric);
          Double lag = group.storeLogLag();
          if (lag != null) {
            page.sample(metric, lag);
          }
        }
        case RATE_LIMIT_SHARED -> {
          SharedCounts counts = instance.sharedRates();
          page.family(metric);
          page.sample(metric, counts.told(), "told");
          page.sample(metric, counts.heard(), "heard");
          page.sample(metric, counts.lost(), "lost");
        }
        case OUTLIER_SHARED -> {
          SharedEvidence evidence = instance.sharedEvidence();
          page.family(metric);
          page.sample(metric, evidence.told(), "told");
          page.sample(metric, evidence.heard(), "heard");
          page.sample(metric, evidence.ignored(), "ignored");
          page.sample(metric, evidence.refused(), "refused");
        }
        case VIP_OWNER -> vips(page, metric, vips, vip -> vip.isOwner() ? 1 : 0);
        case VIP_TROUBLE -> vips(page, metric, vips, vip -> vip.isInTrouble() ? 1 : 0);
        case VIP_TAKEN -> vips(page, metric, vips, VipStatus::taken);
        case BGP_SESSION_UP -> routers(page, metric, routers, one -> one.isEstablished() ? 1 : 0);
        case BGP_ROUTES -> routers(page, metric, routers, one -> one.announced().size());
        case BGP_SESSIONS_LOST -> routers(page, metric, routers, BgpStatus::lost);
        case BGP_MESSAGES -> {
          page.family(metric);
          for (BgpStatus one : routers) {
            page.sample(metric, one.sent(), one.peer(), "sent");
            page.sample(metric, one.received(), one.peer(), "received");
          }
        }
        case VIP_ADVERTS -> {
          page.family(metric);
          for (VipStatus vip : vips) {
            if (vip.vrid() > 0) {
              page.sample(metric, vip.counters().sent(), vip.name(), "sent");
              page.sample(metric, vip.counters().received(), vip.name(), "received");
            }
          }
        }
        case VIP_ADVERTS_REFUSED -> {
          page.family(metric);
          for (VipStatus vip : vips) {
            for (Map.Entry<String, Long> one : vip.counters().refused().entrySet()) {
              page.sample(metric, one.getValue(), vip.name(), one.getKey());
            }
          }
        }
        case VIP_LATE_RENEWALS -> {
          page.family(metric);
          for (VipStatus vip : vips) {
            if (vip.elect().equals("lease")) {
              page.sample(metric, vip.counters().late(), vip.name());
            }
          }
        }
        case ALERTS -> alerts(page, metric, instance.alerts().alerts());
        case ALERT_MESSAGES -> {
          page.family(metric);
          for (ReceiverState one : instance.alerts().receivers()) {
            page.sample(metric, one.sent(), one.name(), "sent");
            page.sample(metric, one.failed(), one.name(), "failed");
            page.sample(metric, one.lost(), one.name(), "lost");
          }
        }
        case ALERT_MESSAGES_WAITING -> {
          page.family(metric);
          for (ReceiverState one : instance.alerts().receivers()) {
            page.sample(metric, one.waiting(), one.name());
          }
        }
        case RECORDS_WRITTEN -> single(page, metric, (double) records.written());
        case RECORDS_DROPPED -> {
          page.family(metric);
          page.sample(metric, records.droppedOrdinary(), "ordinary");
          page.sample(metric, records.droppedValuable(), "valuable");
          page.sample(metric, records.notWritten(), "disk");
          page.sample(metric, records.failed(), "failed");
        }
        case NODE_LOG_LINES -> single(page, metric, (double) instance.ingestStats().lines());
        case NODE_LOG_PROBLEMS -> {
          page.family(metric);
          page.sample(metric, instance.ingestStats().dropped(), "dropped");
          page.sample(metric, instance.ingestStats().cut(), "cut");
          page.sample(metric, instance.ingestStats().unreadable(), "unreadable");
        }
        case RECORDS_RECOVERED -> single(page, metric, (double) records.recovered());
        case RECORDS_WRITING -> single(page, metric, records.isWriting() ? 1 : 0);
        case RECORDS_BYTES -> single(page, metric, (double) records.bytes());
        case RECORDS_FILES -> single(page, metric, (double) records.parts());
        case RECORDS_OLDEST -> single(page, metric, records.oldestMillis() / 1e3);
        case RECORDS_LAG -> single(page, metric, records.lagMillis() / 1e3);
        case LOG_LINES -> {
          page.family(metric);
          for (TextLogStats log : logs) {
            page.sample(metric, log.written(), log.to());
          }
        }
        case LOG_LINES_DROPPED -> {
          page.family(metric);
          for (TextLogStats log : logs) {
            page.sample(metric, log.slow(), log.to(), "slow");
            page.sample(metric, log.failed(), log.to(), "failed");
          }
        }
        case EXPORTED -> {
          page.family(metric);
          for (ExportStats export : exports) {
            page.sample(metric, export.sent(), export.kind());
          }
        }
        case EXPORT_DROPPED -> {
          page.family(metric);
          for (ExportStats export : exports) {
            page.sample(metric, export.full(), export.kind(), "full");
            page.sample(metric, export.failed(), export.kind(), "failed");
            page.sample(metric, export.refused(), export.kind(), "refused");
          }
        }
        case EXPORT_RECORDS -> copies(page, metric, CopyStats::sent);
        case EXPORT_RECORDS_WAITING -> copies(page, metric, CopyStats::waiting);
        case EXPORT_RECORDS_LOST -> copies(page, metric, CopyStats::lost);
        case EXPORT_FAILURES -> copies(page, metric, CopyStats::failures);
        case LISTENER_CONNECTIONS_OPEN ->
            listeners(
                page,
                metric,
                listeners,
                counters ->
                    Math.max(
                        0,
                        counters.get(ListenerCounter.CONNECTIONS)
                            - counters.get(ListenerCounter.CONNECTIONS_CLOSED)));
        case LISTENER_CONNECTIONS ->
            listeners(page, metric, listeners, each -> each.get(ListenerCounter.CONNECTIONS));
        case LISTENER_CONNECTIONS_REFUSED ->
            listeners(
                page, metric, listeners, each -> each.get(ListenerCounter.CONNECTIONS_REFUSED));
        case LISTENER_REQUESTS ->
            listeners(page, metric, listeners, each -> each.get(ListenerCounter.REQUESTS));
        case LISTENER_RECEIVED ->
            listeners(page, metric, listeners, each -> each.get(ListenerCounter.BYTES_IN));
        case LISTENER_SENT ->
            listeners(page, metric, listeners, each -> each.get(ListenerCounter.BYTES_OUT));
        case LISTENER_DATAGRAMS_PASSED_ON ->
            listeners(
                page, metric, listeners, each -> each.get(ListenerCounter.DATAGRAMS_PASSED_ON));
        case LISTENER_DATAGRAMS_TAKEN ->
            listeners(page, metric, listeners, each -> each.get(ListenerCounter.DATAGRAMS_TAKEN));
        case LISTENER_DATAGRAMS_LOST ->
            listeners(page, metric, listeners, each -> each.get(ListenerCounter.DATAGRAMS_LOST));
        case LISTENER_RESPONSES -> {
          page.family(metric);
          for (ListenerView listener : listeners) {
            LoopCounters<ListenerCounter> counters = listener.counters();
            String name = listener.name();
            page.sample(metric, counters.get(ListenerCounter.RESPONSES_2XX), name, "2xx");
            page.sample(metric, counters.get(ListenerCounter.RESPONSES_3XX), name, "3xx");
            page.sample(metric, counters.get(ListenerCounter.RESPONSES_4XX), name, "4xx");
            page.sample(metric, counters.get(ListenerCounter.RESPONSES_5XX), name, "5xx");
          }
        }
        case ERRORS -> {
          page.family(metric);
          for (ListenerView listener : listeners) {
            for (ErrorReason reason : ErrorReason.values()) {
              long count = listener.errors().getOrDefault(reason, 0L);
              page.sample(metric, count, listener.name(), reason.wireName());
            }
          }
        }
        case TLS_HANDSHAKES, TLS_HANDSHAKES_FAILED, TLS_HANDSHAKES_OPEN, CERTIFICATE_EXPIRY -> {
          page.family(metric);
          for (ListenerView listener : listeners) {
            TlsView tls = listener.tls();
            if (tls != null) {
              tls(page, metric, listener.name(), tls);
            }
          }
        }
        case CERTIFICATE_ORDERS -> {
          page.family(metric);
          for (OrderedView ordered : instance.ordered()) {
            page.sample(metric, ordered.issued(), ordered.id(), "issued");
            page.sample(metric, ordered.failed(), ordered.id(), "failed");
          }
        }
        case ROUTE_REQUESTS -> routes(page, metric, listeners, RouteCounter.REQUESTS);
        case ROUTE_RESPONSES -> routes(page, metric, listeners, RESPONSES);
        case ROUTE_REFUSED -> routes(page, metric, listeners, REFUSED);
        case ROUTE_RETRIES -> routes(page, metric, listeners, RETRIES);
        case ROUTE_RETRIES_REFUSED -> routes(page, metric, listeners, RETRIES_REFUSED);
        case ROUTE_HEDGES -> routes(page, metric, listeners, RouteCounter.HEDGED);
        case ROUTE_HEDGES_WON -> routes(page, metric, listeners, RouteCounter.HEDGES_WON);
        case ROUTE_COMPRESSED -> routes(page, metric, listeners, RouteCounter.COMPRESSED);
        case ROUTE_COMPRESSED_BYTES -> routes(page, metric, listeners, COMPRESSED_BYTES);
        case ROUTE_COMPRESSION_BUSY ->
            routes(page, metric, listeners, RouteCounter.COMPRESSION_BUSY);
        case ROUTE_MIRRORED -> routes(page, metric, listeners, RouteCounter.MIRRORED);
        case ROUTE_MIRROR_LOST -> routes(page, metric, listeners, MIRROR_LOST);
        case ROUTE_FAULTS -> routes(page, metric, listeners, FAULTS);
        case ROUTE_CACHE -> routes(page, metric, listeners, CACHE);
        case ROUTE_CACHE_STORED -> routes(page, metric, listeners, RouteCounter.CACHE_STORED);
        case FILTER_REQUESTS, FILTER_FAILURES, FILTER_SECONDS, FILTER_SLOW -> {
          page.family(metric);
          for (LoadedFilter filter : instance.filters()) {
            filter(page, metric, filter.config().name(), filter.stats());
          }
        }
        case CACHE_BYTES -> single(page, metric, (double) instance.cacheBytes());
        case CACHE_EVICTED -> single(page, metric, (double) instance.cacheEvicted());
        case SERVICE_NODES -> {
          page.family(metric);
          for (Service service : services) {
            page.sample(metric, service.nodes().all().length, service.name());
          }
        }
        case SERVICE_NODES_AVAILABLE -> {
          page.family(metric);
          for (Service service : services) {
            page.sample(metric, service.nodes().available().length, service.name());
          }
        }
        case SERVICE_ALARMS -> {
          page.family(metric);
          for (Service service : services) {
            page.sample(metric, service.alarms().size(), service.name());
          }
        }
        case SERVICE_LATENCY -> {
          page.family(metric);
          for (Service service : services) {
            Distribution all = new Distribution();
            for (Node node : service.nodes().all()) {
              node.latency().addTo(all);
            }
            page.histogram(metric, all, service.name());
          }
        }
        case SERVICE_LIMIT, SERVICE_IN_FLIGHT -> {
          page.family(metric);
          for (Service service : services) {
            ServiceLoad load = service.load();
            if (load.limit() != Integer.MAX_VALUE) {
              int value = metric == Metric.SERVICE_LIMIT ? load.limit() : load.inFlight().get();
              page.sample(metric, value, service.name());
            }
          }
        }
        case SERVICE_WAITING -> services(page, metric, services, load -> load.waiting().get());
        case SERVICE_WAIT -> {
          page.family(metric);
          for (Service service : services) {
            Distribution waits = new Distribution();
            service.load().waits().addTo(waits);
            page.histogram(metric, waits, service.name());
          }
        }
        case SERVICE_SHED -> {
          page.family(metric);
          for (Service service : services) {
            for (ShedReason reason : ShedReason.values()) {
              long count = service.load().sheds().get(reason);
              page.sample(metric, count, service.name(), reason.wireName());
            }
          }
        }
        case SERVICE_OPENNESS -> services(page, metric, services, ServiceLoad::openness);
        case SERVICE_RETRIES_OFF ->
            services(page, metric, services, load -> load.retriesOff() ? 1 : 0);
        case SERVICE_SCALE_SIZE -> scaled(page, metric, services, view -> view.size());
        case SERVICE_SCALE_DEMAND -> scaled(page, metric, services, ScaleView::demand);
        case SERVICE_SCALE_PER_NODE -> scaled(page, metric, services, ScaleView::perNode);
        case SERVICE_SCALE_START_TIME -> scaled(page, metric, services, ScaleView::startSeconds);
        case SERVICE_SCALE_NODES -> {
          page.family(metric);
          for (Service service : services) {
            ScaleView view = instance.scale(service.name());
            if (view != null) {
              for (String state : List.of("starting", "serving", "draining", "stopping")) {
                page.sample(metric, view.count(state), service.name(), state);
              }
            }
          }
        }
        case SERVICE_SCALE_STARTS -> {
          page.family(metric);
          for (Service service : services) {
            ScaleView view = instance.scale(service.name());
            if (view != null) {
              page.sample(metric, view.starts(), service.name(), "serves");
              page.sample(metric, view.failedStarts(), service.name(), "failed");
            }
          }
        }
        case SERVICE_DEPLOY_SHARE -> {
          page.family(metric);
          for (Service service : services) {
            DeployView view = instance.deploys(service.name());
            if (view != null && view.deploy().isRunning()) {
              page.sample(metric, view.deploy().share(), service.name(), view.deploy().to());
            }
          }
        }
        case SERVICE_DEPLOYS -> {
          page.family(metric);
          for (Service service : services) {
            DeployView view = instance.deploys(service.name());
            if (view != null && view.done() + view.rolledBack() > 0) {
              page.sample(metric, view.done(), service.name(), "done");
              page.sample(metric, view.rolledBack(), service.name(), "rolled-back");
            }
          }
        }
        case SERVICE_AFFINITY_HITS -> affinity(page, metric, services, AffinityCounter.HIT);
        case SERVICE_AFFINITY_COOKIES -> affinity(page, metric, services, AffinityCounter.SET);
        case SERVICE_AFFINITY_MISSES -> {
          page.family(metric);
          for (Service service : services) {
            for (AffinityCounter reason : AffinityCounter.values()) {
              if (reason.isMiss()) {
                long count = service.affinity().get(reason);
                page.sample(metric, count, service.name(), reason.wireName());
              }
            }
          }
        }
        case DATABASE_WRITES ->
            members(
                page, metric, databases, m -> some(m.role().writes() && m.node().isAvailable()));
        case DATABASE_READS ->
            members(page, metric, databases, m -> some(m.role().reads() && m.node().isAvailable()));
        case DATABASE_LAG -> members(page, metric, databases, MemberView::lagSeconds);
        case DATABASE_LAG_BYTES ->
            members(
                page,
                metric,
                databases,
                m ->
                    m.lagBytes().isPresent()
                        ? OptionalDouble.of((double) m.lagBytes().getAsLong())
                        : OptionalDouble.empty());
        case DATABASE_ALARM ->
            databases(page, metric, databases, one -> one.view().alarm().isEmpty() ? 0 : 1);
        case DATABASE_DAMAGED -> damaged(page, metric, databases);
        case DATABASE_WAITING -> databases(page, metric, databases, DatabaseReport::waiting);
        case DATABASE_CHANGES -> databases(page, metric, databases, one -> one.view().handovers());
        case DATABASE_CUT -> databases(page, metric, databases, DatabaseReport::cut);
        case DATABASE_MOVED -> databases(page, metric, databases, DatabaseReport::moved);
        case DATABASE_ENDED -> databases(page, metric, databases, DatabaseReport::ended);
        case BACKUP_LAG_BYTES ->
            backups(page, metric, databases, one -> acting(one, (double) one.lagBytes()));
        case BACKUP_LAG ->
            backups(page, metric, databases, one -> acting(one, one.lagMillis() / 1e3));
        case BACKUP_COPIES ->
            backups(
                page,
                metric,
                databases,
                one ->
                    acting(
                        one,
                        (double)
                            one.copies().stream()
                                .filter(copy -> copy.damaged().isEmpty())
                                .count()));
        case BACKUP_BYTES ->
            backups(page, metric, databases, one -> acting(one, (double) one.bytes()));
        case BACKUP_AGE ->
            backups(page, metric, databases, one -> since(one, one.lastCopyMillis()));
        case BACKUP_PROVEN_AGE ->
            backups(page, metric, databases, one -> since(one, one.provenMillis()));
        case BACKUP_GAPS -> backups(page, metric, databases, one -> acting(one, one.gaps().size()));
        case BACKUP_TROUBLE ->
            backups(page, metric, databases, one -> acting(one, one.isInTrouble() ? 1 : 0));
        case NODE_UP -> nodes(page, metric, services, node -> node.facts().up() ? 1 : 0);
        case NODE_DRAINING ->
            nodes(page, metric, services, node -> node.facts().draining() ? 1 : 0);
        case NODE_SHARE -> {
          page.family(metric);
          for (Service service : services) {
            for (Node node : service.nodes().all()) {
              double share = node.facts().standing().share();
              page.sample(metric, share, service.name(), node.address().toString());
            }
          }
        }
        case NODE_EJECTIONS -> nodes(page, metric, services, Node::ejections);
        case NODE_WEIGHT -> nodes(page, metric, services, node -> node.facts().weight());
        case NODE_IN_FLIGHT -> nodes(page, metric, services, Node::inFlight);
        case NODE_EXPECTED -> {
          page.family(metric);
          for (Service service : services) {
            for (Node node : service.nodes().all()) {
              double seconds = instance.expectedSeconds(node);
              if (seconds > 0) {
                page.sample(metric, seconds, service.name(), node.address().toString());
              }
            }
          }
        }
        case NODE_CONNECTIONS_OPEN -> nodes(page, metric, services, Node::connections);
        case NODE_CONNECTIONS_IDLE -> nodes(page, metric, services, instance::idleConnections);
        case NODE_CONNECTIONS -> counter(page, metric, services, NodeCounter.CONNECTIONS);
        case NODE_TLS_HANDSHAKES -> nodeHandshakes(page, metric, services);
        case NODE_CERTIFICATE_EXPIRY -> {
          page.family(metric);
          for (Service service : services) {
            for (Node node : service.nodes().all()) {
              if (node.certificateEnd() != 0) {
                page.sample(
                    metric,
                    instance.certificateSecondsLeft(node),
                    service.name(),
                    node.address().toString());
              }
            }
          }
        }
        case NODE_REQUESTS -> counter(page, metric, services, NodeCounter.REQUESTS);
        case NODE_SESSION_REQUESTS -> counter(page, metric, services, NodeCounter.OF_SESSIONS);
        case NODE_RETRIES -> counter(page, metric, services, NodeCounter.RETRIED);
        case NODE_SENT -> counter(page, metric, services, NodeCounter.BYTES_SENT);
        case NODE_RECEIVED -> counter(page, metric, services, NodeCounter.BYTES_RECEIVED);
        case NODE_RESPONSES -> {
          page.family(metric);
          for (Service service : services) {
            for (Node node : service.nodes().all()) {
              String address = node.address().toString();
              LoopCounters<NodeCounter> counters = node.counters();
              String name = service.name();
              page.sample(metric, counters.get(NodeCounter.RESPONSES_2XX), name, address, "2xx");
              page.sample(metric, counters.get(NodeCounter.RESPONSES_3XX), name, address, "3xx");
              page.sample(metric, counters.get(NodeCounter.RESPONSES_4XX), name, address, "4xx");
              page.sample(metric, counters.get(NodeCounter.RESPONSES_5XX), name, address, "5xx");
            }
          }
        }
        case NODE_FAILURES -> nodeFailures(page, metric, services);
        case DNS_QUERIES,
            DNS_RESPONSES,
            DNS_DROPPED,
            DNS_TRUNCATED,
            DNS_COOKIES,
            DNS_CONNECTIONS,
            DNS_CONNECTIONS_TOTAL,
            DNS_NAME_ANSWERS ->
            DnsMetrics.write(page, metric, instance.dns());
        case PROCESS_CPU -> maybe(page, metric, ProcessFigures.cpuSeconds());
        case PROCESS_RESIDENT -> maybe(page, metric, ProcessFigures.residentBytes());
        case PROCESS_OPEN_FDS -> maybe(page, metric, ProcessFigures.openFds());
        case PROCESS_MAX_FDS -> maybe(page, metric, ProcessFigures.maxFds());
        case JVM_HEAP_USED -> single(page, metric, ProcessFigures.heapUsed());
        case JVM_HEAP_COMMITTED -> single(page, metric, ProcessFigures.heapCommitted());
        case JVM_NON_HEAP_USED -> single(page, metric, ProcessFigures.nonHeapUsed());
        case JVM_DIRECT_USED -> {
          page.family(metric);
          page.sample(metric, instance.directMemory());
        }
        case JVM_GC_COLLECTIONS -> single(page, metric, ProcessFigures.collections());
        case JVM_GC_SECONDS -> single(page, metric, ProcessFigures.collectionSeconds());
        case JVM_THREADS -> single(page, metric, ProcessFigures.threads());
      }
    }
    page.end();
  }

  private static void alerts(MetricsWriter page, Metric metric, List<Alerts.Shown> alerts)
      throws IOException {
    page.family(metric);
    for (AlertRuleConfig.Level level : AlertRuleConfig.Level.values()) {
      for (String state : List.of("pending", "firing", "silenced")) {
        long count =
            alerts.stream()
                .filter(one -> one.alert().level() == level && one.word().equals(state))
                .count();
        page.sample(metric, count, level.word(), state);
      }
    }
  }

  private void copies(MetricsWriter page, Metric metric, ToLongFunction<CopyStats> figure)
      throws IOException {
    page.family(metric);
    for (CopyStats each : instance.copies()) {
      page.sample(metric, figure.applyAsLong(each), each.to());
    }
  }

  private static void routers(
      MetricsWriter page, Metric metric, List<BgpStatus> routers, ToLongFunction<BgpStatus> value)
      throws IOException {
    page.family(metric);
    for (BgpStatus one : routers) {
      page.sample(metric, value.applyAsLong(one), one.peer());
    }
  }

  private static void vips(
      MetricsWriter page, Metric metric, List<VipStatus> vips, ToLongFunction<VipStatus> value)
      throws IOException {
    page.family(metric);
    for (VipStatus vip : vips) {
      page.sample(metric, value.applyAsLong(vip), vip.name());
    }
  }

  private static void filter(MetricsWriter page, Metric metric, String name, FilterStats stats)
      throws IOException {
    LoopCounters<FilterCounter> counters = stats.counters();
    switch (metric) {
      case FILTER_REQUESTS -> {
        long failed = stats.failures();
        long answered = counters.get(FilterCounter.ANSWERED);
        long refused = counters.get(FilterCounter.REFUSED);
        long elsewhere = counters.get(FilterCounter.SENT_ELSEWHERE);
        long decided = failed + answered + refused + elsewhere;
        long passed = Math.max(0, counters.get(FilterCounter.CALLS) - decided);
        page.sample(metric, passed, name, "passed");
        page.sample(metric, answered, name, "answered");
        page.sample(metric, refused, name, "refused");
        page.sample(metric, elsewhere, name, "sent-elsewhere");
        page.sample(metric, failed, name, "failed");
      }
      case FILTER_FAILURES -> {
        page.sample(metric, counters.get(FilterCounter.FAILED_EXCEPTION), name, "exception");
        page.sample(metric, counters.get(FilterCounter.FAILED_TIMEOUT), name, "timeout");
        page.sample(metric, counters.get(FilterCounter.FAILED_INVALID), name, "invalid");
        page.sample(metric, counters.get(FilterCounter.FAILED_BUSY), name, "busy");
      }
      case FILTER_SECONDS -> page.sample(metric, counters.get(FilterCounter.NANOS) / 1e9, name);
      default -> page.sample(metric, counters.get(FilterCounter.SLOW), name);
    }
  }

  private static void single(MetricsWriter page, Metric metric, double value) throws IOException {
    page.family(metric);
    page.sample(metric, value);
  }

  private static void maybe(MetricsWriter page, Metric metric, OptionalDouble value)
      throws IOException {
    if (value.isPresent()) {
      single(page, metric, value.getAsDouble());
    }
  }

  private static void listeners(
      MetricsWriter page,
      Metric metric,
      List<ListenerView> listeners,
      ToLongFunction<LoopCounters<ListenerCounter>> value)
      throws IOException {
    page.family(metric);
    for (ListenerView listener : listeners) {
      page.sample(metric, value.applyAsLong(listener.counters()), listener.name());
    }
  }

  private static void services(
      MetricsWriter page,
      Metric metric,
      List<Service> services,
      ToDoubleFunction<ServiceLoad> value)
      throws IOException {
    page.family(metric);
    for (Service service : services) {
      page.sample(metric, value.applyAsDouble(service.load()), service.name());
    }
  }

  private void scaled(
      MetricsWriter page, Metric metric, List<Service> services, ToDoubleFunction<ScaleView> value)
      throws IOException {
    page.family(metric);
    for (Service service : services) {
      ScaleView view = instance.scale(service.name());
      if (view != null) {
        page.sample(metric, value.applyAsDouble(view), service.name());
      }
    }
  }

  private static void databases(
      MetricsWriter page,
      Metric metric,
      List<DatabaseReport> databases,
      ToLongFunction<DatabaseReport> value)
      throws IOException {
    page.family(metric);
    for (DatabaseReport database : databases) {
      page.sample(metric, value.applyAsLong(database), database.view().name());
    }
  }

  private static void members(
      MetricsWriter page,
      Metric metric,
      List<DatabaseReport> databases,
      Function<MemberView, OptionalDouble> value)
      throws IOException {
    page.family(metric);
    for (DatabaseReport database : databases) {
      for (MemberView member : database.view().members()) {
        OptionalDouble known = value.apply(member);
        if (known.isPresent()) {
          page.sample(
              metric,
              known.getAsDouble(),
              database.view().name(),
              member.node().address().toString());
        }
      }
    }
  }

  /** Of the members of managed databases. */
  private void damaged(MetricsWriter page, Metric metric, List<DatabaseReport> databases)
      throws IOException {
    page.family(metric);
    for (DatabaseReport database : databases) {
      DatabaseManager manager = instance.managed(database.view().name());
      if (manager == null) {
        continue;
      }
      Set<String> damaged = new HashSet<>();
      for (ManagedView.Own one : manager.view().members()) {
        if (!one.damage().isEmpty()) {
          damaged.add(one.name());
        }
      }
      for (MemberView member : database.view().members()) {
        page.sample(
            metric,
            damaged.contains(member.node().name()) ? 1 : 0,
            database.view().name(),
            member.node().address().toString());
      }
    }
  }

  private void backups(
      MetricsWriter page,
      Metric metric,
      List<DatabaseReport> databases,
      Function<BackupsView, OptionalDouble> value)
      throws IOException {
    page.family(metric);
    for (DatabaseReport database : databases) {
      BackupsView view = instance.backups(database.view().name());
      OptionalDouble known = view == null ? OptionalDouble.empty() : value.apply(view);
      if (known.isPresent()) {
        page.sample(metric, known.getAsDouble(), database.view().name());
      }
    }
  }

  /** Only the instance that takes care of them knows. */
  private static OptionalDouble acting(BackupsView view, double value) {
    return view.acting() ? OptionalDouble.of(value) : OptionalDouble.empty();
  }

  private static OptionalDouble since(BackupsView view, long millis) {
    return millis == 0
        ? OptionalDouble.empty()
        : acting(view, Math.max(0, view.seenMillis() - millis) / 1e3);
  }

  private static OptionalDouble some(boolean holds) {
    return OptionalDouble.of(holds ? 1 : 0);
  }

  private static void affinity(
      MetricsWriter page, Metric metric, List<Service> services, AffinityCounter counter)
      throws IOException {
    page.family(metric);
    for (Service service : services) {
      page.sample(metric, service.affinity().get(counter), service.name());
    }
  }

  private static void nodes(
      MetricsWriter page, Metric metric, List<Service> services, ToLongFunction<Node> value)
      throws IOException {
    page.family(metric);
    for (Service service : services) {
      for (Node node : service.nodes().all()) {
        page.sample(metric, value.applyAsLong(node), service.name(), node.address().toString());
      }
    }
  }

  private static void counter(
      MetricsWriter page, Metric metric, List<Service> services, NodeCounter counter)
      throws IOException {
    nodes(page, metric, services, node -> node.counters().get(counter));
  }

  private static void tls(MetricsWriter page, Metric metric, String listener, TlsView tls)
      throws IOException {
    switch (metric) {
      case TLS_HANDSHAKES -> {
        LoopCounters<TlsCounter> done = tls.handshakes();
        page.sample(metric, done.get(TlsCounter.TLS_1_2), listener, "1.2", "no");
        page.sample(metric, done.get(TlsCounter.TLS_1_2_RESUMED), listener, "1.2", "yes");
        page.sample(metric, done.get(TlsCounter.TLS_1_3), listener, "1.3", "no");
        page.sample(metric, done.get(TlsCounter.TLS_1_3_RESUMED), listener, "1.3", "yes");
      }
      case TLS_HANDSHAKES_FAILED -> {
        for (HandshakeFailure reason : HandshakeFailure.values()) {
          page.sample(metric, tls.failures().get(reason), listener, reason.wireName());
        }
      }
      case TLS_HANDSHAKES_OPEN -> page.sample(metric, tls.going(), listener);
      default -> {
        for (ListenerView.CertificateView certificate : tls.certificates()) {
          page.sample(metric, certificate.secondsLeft(), listener, certificate.file());
        }
      }
    }
  }

  /** Only for nodes that have spoken TLS: most never do. */
  private static void nodeHandshakes(MetricsWriter page, Metric metric, List<Service> services)
      throws IOException {
    page.family(metric);
    for (Service service : services) {
      for (Node node : service.nodes().all()) {
        long full = node.counters().get(NodeCounter.TLS_FULL);
        long resumed = node.counters().get(NodeCounter.TLS_RESUMED);
        if (full + resumed > 0) {
          String address = node.address().toString();
          page.sample(metric, full, service.name(), address, "no");
          page.sample(metric, resumed, service.name(), address, "yes");
        }
      }
    }
  }

  private static void routes(
      MetricsWriter page, Metric metric, List<ListenerView> listeners, RouteCounter counter)
      throws IOException {
    page.family(metric);
    for (ListenerView listener : listeners) {
      for (ListenerView.RouteView route : listener.routes()) {
        long count = route.counters().get(counter);
        page.sample(metric, count, listener.name(), route.name(), route.service());
      }
    }
  }

  private static void routes(
      MetricsWriter page, Metric metric, List<ListenerView> listeners, List<Part> parts)
      throws IOException {
    page.family(metric);
    for (ListenerView listener : listeners) {
      for (ListenerView.RouteView route : listener.routes()) {
        for (Part part : parts) {
          long count = route.counters().get(part.counter());
          page.sample(metric, count, listener.name(), route.name(), route.service(), part.label());
        }
      }
    }
  }

  private static void nodeFailures(MetricsWriter page, Metric metric, List<Service> services)
      throws IOException {
    page.family(metric);
    for (Service service : services) {
      for (Node node : service.nodes().all()) {
        String name = service.name();
        String address = node.address().toString();
        LoopCounters<NodeCounter> counters = node.counters();
        page.sample(
            metric,
            counters.get(NodeCounter.CONNECT_FAILED),
            name,
            address,
            ErrorReason.CONNECT_FAILED.wireName());
        page.sample(metric, counters.get(NodeCounter.TLS_FAILED), name, address, "tls-failed");
        page.sample(
            metric,
            counters.get(NodeCounter.RESET),
            name,
            address,
            ErrorReason.UPSTREAM_RESET.wireName());
        page.sample(
            metric,
            counters.get(NodeCounter.TIMEOUT),
            name,
            address,
            ErrorReason.UPSTREAM_TIMEOUT.wireName());
        page.sample(
            metric,
            counters.get(NodeCounter.BAD_RESPONSE),
            name,
            address,
            ErrorReason.BAD_RESPONSE.wireName());
      }
    }
  }
}
