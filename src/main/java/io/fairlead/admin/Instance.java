package io.fairlead.admin;

import io.fairlead.alert.Alerts;
import io.fairlead.config.HostPort;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.group.Group;
import io.fairlead.group.Versions;
import io.fairlead.insight.SharedEvidence;
import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.limit.SharedCounts;
import io.fairlead.record.RecordStats;
import io.fairlead.record.export.CopyStats;
import io.fairlead.record.ingest.IngestStats;
import io.fairlead.record.otlp.ExportStats;
import io.fairlead.record.sql.RecordQuestions;
import io.fairlead.record.tail.LiveTail;
import io.fairlead.record.text.TextLogStats;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.Release;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The running instance as its operator sees it: what the admin door may ask and may have done.
 *
 * <p>Called on virtual threads. Questions answer at once from published state; changes may wait for
 * the control thread. A service or node may vanish between a look-up and a change: the change is
 * then refused with the reason, never an exception.
 */
public interface Instance {
  String version();

  /** Since the process began to serve. */
  Duration uptime();

  /** The process whose sockets this one received; 0: there was none. */
  long predecessor();

  /** The configuration is applied and every listener is bound. */
  boolean ready();

  /** The instance finishes what is in flight and will exit. */
  boolean draining();

  /** In the order of the configuration. */
  List<Service> services();

  /** In the order of their names. */
  List<DatabaseReport> databases();

  /** The backups of a database; null: it has none in the configuration. */
  default @Nullable BackupsView backups(String database) {
    return null;
  }

  /**
   * Has a copy of that database made.
   *
   * @return why it cannot be; empty: it will be
   */
  default String backUp(String database) {
    return "there are no backups here";
  }

  /** The same for a trial of its backups. */
  default String drill(String database) {
    return "there are no backups here";
  }

  /** In the order of the configuration. */
  List<ListenerView> listeners();

  ConfigState config();

  /** Reads the configuration file again and applies it if it has no problem. */
  ConfigOutcome reload(String who);

  /** Applies this text if it has no problem. */
  ConfigOutcome applyConfig(String yaml, String who);

  /** Says what is wrong with this text, or what would change with it; nothing does. */
  ConfigOutcome checkConfig(String yaml);

  /** What was in force in this process, the youngest first: its history where it is in no group. */
  default List<Versions.Version> pastConfigs() {
    return List.of();
  }

  /** One of them as it was written; null: it is not kept. */
  default @Nullable String pastConfig(long version) {
    return null;
  }

  /** Puts an earlier configuration into force again; in a group if all instances can use it. */
  default ConfigOutcome applyAgain(String text, String who) {
    return applyConfig(text, who);
  }

  /** This instance as one of a group; null: it is alone. */
  default @Nullable Group group() {
    return null;
  }

  /** How instances are replaced by new processes; null: they are not. */
  default @Nullable UpgradeDoor upgrades() {
    return null;
  }

  /** What limits have let in that all instances of the group count together. */
  default SharedCounts sharedRates() {
    return new SharedCounts(0, 0, 0);
  }

  /** Classes of others that look at requests, in the order of the configuration. */
  default List<LoadedFilter> filters() {
    return List.of();
  }

  /** Bytes of memory that answers take which routes keep. */
  default long cacheBytes() {
    return 0;
  }

  /** Such answers that went to make room for others. */
  default long cacheEvicted() {
    return 0;
  }

  /**
   * Forgets the answers that routes keep.
   *
   * @param url of which; null: all
   * @return why not; null: they are forgotten
   */
  default @Nullable String forgetAnswers(@Nullable String url) {
    return "no route has a cache";
  }

  /** What instances of the group have told each other of nodes' answers. */
  default SharedEvidence sharedEvidence() {
    return new SharedEvidence(0, 0, 0, 0);
  }

  /** Makes a node a member, or renews and changes the membership it has by registration. */
  NodeOutcome register(Registration registration, String who);

  /** Ends a membership that came by registration. */
  NodeOutcome deregister(String service, HostPort address, String who);

  /** Takes a node out gracefully: nothing new is sent to it. */
  NodeOutcome drain(String service, HostPort address, String who);

  NodeOutcome undrain(String service, HostPort address, String who);

  /**
   * What would happen to such a request now.
   *
   * @param url absolute, or starting with a slash
   * @param headers by name as given, each with its values in order
   * @param clientIp the address it would come from; empty: loopback
   */
  ExplainAnswer explain(
      String method, String url, Map<String, List<String>> headers, String clientIp);

  /** The database that this instance manages; null: it manages none of that name. */
  default @Nullable DatabaseManager managed(String database) {
    return null;
  }

  /** How the service is scaled; null: it is not. */
  default @Nullable ScaleView scale(String service) {
    return null;
  }

  /** Which versions of a service there are; null: there is no such service. */
  default @Nullable DeployView deploys(String service) {
    return null;
  }

  /** Deploys another version. */
  default NodeOutcome deploy(String service, Release release, String who) {
    return new NodeOutcome.Refused("there is no service " + service);
  }

  /**
   * Ends the deploy that goes on.
   *
   * @param forward the new version gets all requests; otherwise the old one
   */
  default NodeOutcome endDeploy(String service, boolean forward, String who) {
    return new NodeOutcome.Refused("there is no service " + service);
  }

  /**
   * Has so many nodes of a service from now on.
   *
   * @param size negative: as many as needed
   */
  default NodeOutcome setSize(String service, int size, String who) {
    return new NodeOutcome.Refused("service " + service + " has no scale in the configuration");
  }

  /** How late the control thread is. */
  Duration controlLag();

  /** By how much the slowest event loop has been late lately. */
  Duration loopLag();

  /** What is given up because the process is short of something: 0 nothing, 1 or 2. */
  int pressure();

  EventLog events();

  /** What became of records of requests. */
  RecordStats recordStats();

  /** What became of lines of text logs. */
  List<TextLogStats> textLogs();

  /** What became of copies of records. */
  List<CopyStats> copies();

  /** What became of lines of the nodes' own logs. */
  IngestStats ingestStats();

  /** What lines of the nodes' own logs have in common. */
  LinePatterns patterns();

  /** Records as they come. */
  LiveTail tail();

  /**
   * Has records that came up to now written to where questions find them, and waits for it.
   *
   * @return whether they are there
   */
  boolean writeRecords();

  /** What became of what is sent by OTLP; empty: nothing is. */
  List<ExportStats> exports();

  /** Connections to the node that wait for a request, over all event loops. */
  int idleConnections(Node node);

  /**
   * Time until the certificate expires that the node showed last; only if it has shown one; below
   * 0: it has expired.
   */
  long certificateSecondsLeft(Node node);

  /** What the balancer expects a request to take at the idle node; 0: it does not think of time. */
  double expectedSeconds(Node node);

  /** Why the node is chosen as often as it is, in words. */
  String choice(Node node);

  /** The last probes of the node, oldest first; empty if it is not probed. */
  List<ProbeView> healthHistory(Node node);

  /** When and why it went up and down, oldest first; empty if it is not probed. */
  List<VerdictView> verdicts(Node node);

  /** Who is told of what. */
  default Alerts alerts() {
    return Alerts.NONE;
  }

  /** Certificates that are ordered, and how that goes. */
  default List<OrderedView> ordered() {
    return List.of();
  }

  /**
   * Has a certificate that is ordered revoked once another one is shown.
   *
   * @param certificate its id
   * @param reason in a word of RFC 5280
   * @return why not, as a sentence; null: it will be
   */
  default @Nullable String revoke(String certificate, String reason) {
    return "No certificates are ordered here.";
  }

  /** How sessions with routers are, in the order of the configuration. */
  default List<BgpStatus> routers() {
    return List.of();
  }

  /** How virtual IPs are, in the order of the configuration. */
  default List<VipStatus> vips() {
    return List.of();
  }

  /** How long resolvers may still send clients to an instance of the group once it drains. */
  default int resolverSeconds(String instance) {
    return 0;
  }

  /** What answers questions of the DNS; null: nothing does. */
  default @Nullable DnsDoor dns() {
    return null;
  }

  /** Who answers questions to the request records. */
  RecordQuestions records();

  /** Counts and times of all requests, kept long. */
  Rollups rollups();

  /** What goes wrong, and why. */
  IncidentWatch incidents();

  /** Bytes outside the heap that the transport holds for network buffers. */
  long directMemory();
}
