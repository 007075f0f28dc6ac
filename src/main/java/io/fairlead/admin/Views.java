package io.fairlead.admin;

import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.NodeCounter;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON objects that the API answers with; the API description is made from these records. */
final class Views {
  private Views() {}

  @Doc("How the instance is.")
  record Status(
      String version,
      String jdk,
      double uptimeSeconds,
      @Doc("Its process.") long pid,
      @Doc("The process that it took over from; null: none.") @Nullable Long predecessor,
      boolean ready,
      boolean draining,
      @Doc("good, attention or bad.") String level,
      @Doc("How things are, in one sentence.") String headline,
      @Doc("What else deserves attention.") List<String> notes,
      LiveView.ConfigBrief config,
      double controlLagMillis,
      @Doc("Requests a second over the last 3 s.") double rate,
      @Doc("Share of requests that failed in the last 10 s, 0 to 1.") double errorShare,
      @Nullable Double p50Millis,
      @Nullable Double p99Millis,
      List<Listener> listeners,
      List<ServiceBrief> services) {}

  @Doc("A listener and its routes.")
  record Listener(
      String name,
      @Doc("What is spoken: http, tcp, tls-passthrough or udp.") String protocol,
      List<String> addresses,
      @Doc("Client connections open now.") long connections,
      @Doc("Requests a second over the last 3 s; connections, where those are relayed.")
          double rate,
      @Doc("Share of them that failed in the last 10 s, 0 to 1.") double errorShare,
      @Doc("Those that expire first, 50 at most; empty: no TLS.") List<Certificate> certificates,
      List<Route> routes) {}

  @Doc("A certificate that a listener shows.")
  record Certificate(
      @Doc("File that it came from.") String file,
      List<String> names,
      @Doc("Whole days until it expires; below 0: it has.") long daysLeft) {
    private static final int MAX_CERTIFICATES = 50;

    static List<Certificate> of(ListenerView listener) {
      ListenerView.TlsView tls = listener.tls();
      return tls == null
          ? List.of()
          : tls.certificates().stream()
              .map(one -> new Certificate(one.file(), one.names(), one.daysLeft()))
              .sorted(Comparator.comparingLong(Certificate::daysLeft))
              .limit(MAX_CERTIFICATES)
              .toList();
    }
  }

  @Doc("A route, in the order in which they are tried.")
  record Route(String name, @Doc("What a request must look like.") String match, String service) {}

  @Doc("A service in one line.")
  record ServiceBrief(
      String name,
      @Doc("up, degraded or down.") String state,
      @Doc("Nodes that may get new requests.") int available,
      int up,
      int down,
      int draining,
      int total,
      long inFlight,
      @Doc("Requests a second over the last 3 s.") double rate,
      @Doc("Share of requests that failed in the last 10 s, 0 to 1.") double errorShare,
      @Nullable Double p50Millis,
      @Nullable Double p99Millis) {

    static ServiceBrief of(LiveView.ServiceLive live) {
      return new ServiceBrief(
          live.name(),
          live.state(),
          live.available(),
          live.up(),
          live.down(),
          live.draining(),
          live.total(),
          live.inFlight(),
          live.figures().rate(),
          live.figures().errorShare(),
          live.figures().p50Millis(),
          live.figures().p99Millis());
    }
  }

  @Doc("All services, in the order of the configuration.")
  record Services(List<ServiceBrief> services) {}

  @Doc("The nodes of a service, in the order in which they were named.")
  record Nodes(String service, List<NodeView> nodes) {}

  @Doc("A node of a service.")
  record NodeView(
      String service,
      String name,
      String address,
      @Doc("up, down, draining, ejected or probation.") String state,
      @Doc("What health says, whether draining or not.") boolean up,
      boolean draining,
      @Doc("Why it is in that state.") String reason,
      @Doc("Why health holds it for up or down.") String health,
      @Doc("What it gets of its usual share by how it answers, 0 to 1.") double share,
      @Doc("When an ejection ends if a probe passes then, milliseconds since 1970; null: none.")
          @Nullable Long ejectedUntil,
      @Doc("Since when it is in this state, milliseconds since 1970.") long since,
      @Doc("0 to 1000; its share relative to the others.") int weight,
      String zone,
      @Doc("Lower ones are used first.") int tier,
      Map<String, String> labels,
      @Doc("good, probation or ejected, by the answers that it gives.") String standing,
      @Doc("Why it is not good; empty: it is.") String standingReason,
      @Doc("Why it is chosen as often as it is, in words.") String choice,
      @Doc("Its part of what was sent to the service's nodes in the last 10 s, 0 to 1; null: none.")
          @Nullable Double requestShare,
      @Doc("Who says that it is a member: file or api.") String source,
      @Doc("Requests sent and not yet answered completely.") int inFlight,
      @Doc("Requests of sessions within the last minute; null: the service keeps none.")
          @Nullable Long sessionRequests,
      @Doc("When a request of a session was seen last, milliseconds since 1970; null: as above.")
          @Nullable Long lastSession,
      @Doc("It drains, has nothing in flight, and no session has been seen for affinity.idle.")
          boolean empty,
      @Doc("Connections open.") int connections,
      @Doc("Connections that wait for a request.") int idleConnections,
      @Doc("Requests sent since it joined.") long requests,
      @Doc("Failures since it joined: 5xx, no connection, reset, timeout, bad answer.") long errors,
      @Doc("Requests a second over the last 3 s.") double rate,
      @Doc("Failures a second over the last 10 s.") double errorRate,
      @Doc("Median of the last 5 to 10 s; null: none.") @Nullable Double p50Millis,
      @Nullable Double p99Millis,
      @Doc("The last probes, oldest first; null in lists.") @Nullable List<ProbeView> probes,
      @Doc("When and why it last went up and down, oldest first; null in lists.")
          @Nullable List<VerdictView> verdicts) {

    static NodeView of(
        Node node,
        LiveView.Figures figures,
        int idle,
        String choice,
        @Nullable Double requestShare,
        @Nullable List<ProbeView> probes,
        @Nullable List<VerdictView> verdicts) {
      return new NodeView(
          node.service(),
          node.name(),
          node.address().toString(),
          node.facts().state(),
          node.facts().up(),
          node.facts().draining(),
          node.facts().why(),
          node.facts().reason(),
          node.facts().standing().share(),
          until(node.facts().standing()),
          node.facts().sinceMillis(),
          node.facts().weight(),
          node.facts().zone(),
          node.facts().tier(),
          node.facts().labels(),
          word(node.facts().standing().state()),
          node.facts().standing().reason(),
          choice,
          requestShare,
          node.facts().source(),
          node.inFlight(),
          node.sessions().kept() ? node.sessions().lately() : null,
          node.sessions().kept() ? node.sessions().lastMillis() : null,
          node.facts().draining() && node.isEmpty(),
          node.connections(),
          idle,
          node.counters().get(NodeCounter.REQUESTS),
          Rates.errors(node),
          figures.rate(),
          figures.errorRate(),
          figures.p50Millis(),
          figures.p99Millis(),
          probes,
          verdicts);
    }
  }

  @Doc("A node that wants to be a member.")
  record NodeBody(
      @Doc("What people call it; absent: the address.") @Nullable String name,
      @Doc("0 to 1000; absent: 1.") @Nullable Integer weight,
      @Doc("Where it stands; absent: empty.") @Nullable String zone,
      @Doc("0 to 9, lower ones are used first; absent: 0.") @Nullable Integer tier,
      @Doc("What tells groups of nodes apart; absent: none.") @Nullable Map<String, String> labels,
      @Doc("Such as 30s: the membership ends then unless renewed; absent: it stays.")
          @Nullable String ttl) {}

  @Doc("What became of a change to a node.")
  record NodeChange(
      String service,
      String node,
      @Doc("False: it was so before.") boolean changed,
      @Doc("up, down, draining, ejected, probation or gone.") String state,
      @Doc("Requests that the node still has to answer.") int inFlight,
      @Doc("Requests of sessions within the last minute; null: the service keeps none.")
          @Nullable Long sessionRequests,
      @Doc("When a request of a session was seen last, milliseconds since 1970; null: as above.")
          @Nullable Long lastSession,
      @Doc("Nothing is in flight, and no session has been seen for affinity.idle.") boolean empty,
      @Doc("Connections still open.") int connections) {

    static NodeChange of(String service, HostPort address, @Nullable Node node, boolean changed) {
      return new NodeChange(
          service,
          node == null ? address.toString() : node.name(),
          changed,
          node == null || !node.isMember() ? "gone" : node.facts().state(),
          node == null ? 0 : node.inFlight(),
          node != null && node.sessions().kept() ? node.sessions().lately() : null,
          node != null && node.sessions().kept() ? node.sessions().lastMillis() : null,
          node == null || node.isEmpty(),
          node == null ? 0 : node.connections());
    }
  }

  @Doc("The configuration in force.")
  record Config(
      long version,
      @Doc("Milliseconds since 1970.") long appliedAt,
      String source,
      @Doc("False if a later one was offered and refused.") boolean lastReloadSucceeded,
      @Doc("As it was written; secrets are replaced.") String text) {}

  @Doc("A configuration was accepted.")
  record ConfigChange(
      long version, @Doc("What differs from the one before.") List<String> changes) {}

  @Doc("What would happen to a request.")
  record Explained(
      @Nullable String listener,
      @Nullable String route,
      @Nullable String service,
      @Nullable String node,
      @Doc("The steps to the answer, in order.") List<String> why,
      @Doc("What Fairlead would answer itself; null: the node answers.") @Nullable String error,
      @Doc("The status that goes with the error.") @Nullable Integer status) {}

  @Doc("Things that happened, oldest first.")
  record Events(
      List<EventView> events, @Doc("Ask for what came later with since=THIS.") long last) {}

  @Doc("A table: the answer to a question to the request records.")
  record Table(
      List<Column> columns,
      @Doc("A list for each row, with a value for each column; times are texts in UTC.")
          List<List<Object>> rows,
      @Doc("There are more rows, which the limit or the bounds of an answer left out.")
          boolean truncated,
      @Doc("What answering took, without waiting for other questions.") long tookMillis) {}

  @Doc("A column of a table.")
  record Column(String name, @Doc("As DuckDB calls it.") String type) {}

  @Doc("A record: what a row of its table says, by the names of its columns.")
  record TailRow(String id, @Doc("In UTC.") String time) {}

  @Doc("A request or a session, and what nodes wrote about it.")
  record RecordDetail(
      @Doc("requests or sessions.") String table,
      @Doc("All that its row says, by the names of the columns.") Map<String, Object> record,
      @Doc("In the order in which they happened.") List<Phase> phases,
      @Doc("What its error means; null: there was none.") @Nullable String meaning,
      @Doc("Lines of nodes' own logs: with its id, or of its node within two seconds of it.")
          List<Map<String, Object>> lines,
      @Doc("There are more lines.") boolean linesTruncated,
      @Doc("Other records with the same id, which somebody else gave.") int others) {}

  @Doc("A part of the time that a request took.")
  record Phase(
      @Doc("queue, connect, tls, first-byte, or rest: the bodies, and earlier tries.") String name,
      @Doc("Microseconds.") long micros,
      @Doc("Of the whole.") double share) {}

  @Doc("A question in SQL.")
  record QueryBody(@Doc("One statement that reads.") String sql) {}

  static String word(Standing.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  static @Nullable Long until(Standing standing) {
    return standing.untilMillis() == 0 ? null : standing.untilMillis();
  }

  static @Nullable Node find(Service service, String name) {
    HostPort address = Addresses.parse(name);
    Node[] all = service.nodes().all();
    for (Node node : all) {
      if (node.address().equals(address)) {
        return node;
      }
    }
    return Arrays.stream(all).filter(node -> node.name().equals(name)).findFirst().orElse(null);
  }
}
