package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceConfig.LoadMetrics;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.limit.RetryBudget;
import io.fairlead.limit.Shedding;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyWindow;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A service as event loops see it: the balancer over its latest nodes, and how to connect to them.
 * The control thread replaces both; a request reads each once.
 */
public final class ServiceTarget {
  private final Service service;
  private volatile Balancer balancer;
  private volatile NodeLink link;
  private final Admission admission;
  private volatile Shedding shedding;

  /** How long tries had gone on when a second one was answered. */
  private final LatencyHistogram outrun;

  private final LatencyWindow window = new LatencyWindow();
  private volatile long[] quantiles = {};
  private volatile boolean quantilesWanted;
  private final RetryBudget retries;
  private final RetryBudget hedges;
  private volatile RequestKey key;
  private volatile boolean passesLoadMetrics;
  private volatile @Nullable AffinityTable affinity;

  /** One whose nodes are spoken to in the clear. */
  public ServiceTarget(Service service, Balancer balancer, ServiceConfig config) {
    this(service, balancer, config, null);
  }

  /**
   * @param tls how nodes are spoken to by TLS; null: in the clear
   */
  public ServiceTarget(
      Service service, Balancer balancer, ServiceConfig config, @Nullable NodeTls tls) {
    this.service = service;
    this.balancer = balancer;
    this.link = NodeLink.of(config, tls);
    this.admission = new Admission(service, config);
    this.shedding = admission;
    this.outrun = new LatencyHistogram(service.loops());
    this.retries = new RetryBudget(service.loops());
    this.hedges = new RetryBudget(service.loops());
    this.key = new RequestKey(config.balance().hash());
    this.passesLoadMetrics = config.balance().loadMetrics() == LoadMetrics.PASS;
  }

  public Service service() {
    return service;
  }

  public Balancer balancer() {
    return balancer;
  }

  /** Control thread. */
  public void setBalancer(Balancer next) {
    balancer = next;
    admission.nodesChanged();
  }

  public UpstreamConfig upstream() {
    return link.upstream();
  }

  /** How nodes are reached; to be read once for what belongs together. */
  NodeLink link() {
    return link;
  }

  /** What may be tried again. */
  RetryBudget retries() {
    return retries;
  }

  /** What may be tried twice at the same time. */
  RetryBudget hedges() {
    return hedges;
  }

  /**
   * How long that many percent of the requests took at most lately; {@link Long#MAX_VALUE}: not
   * known. One that was cancelled because a second try was answered counts with the time it had
   * gone on: without the slowest the others would look slow, and more and more would be hedged.
   */
  long quantileNanos(int percentile) {
    quantilesWanted = true;
    long[] known = quantiles;
    return known.length == 0 ? Long.MAX_VALUE : known[percentile - LatencyWindow.FIRST];
  }

  /** A try had gone on for so long when a second one was answered; on its loop. */
  void outrun(int loop, long nanos) {
    outrun.record(loop, nanos / 1000);
  }

  /**
   * Looks at what nodes have answered since the last time; once a second, one thread. Costs nothing
   * unless a route asks.
   */
  public void tick() {
    if (!quantilesWanted) {
      return;
    }
    LatencyHistogram.Distribution sum = new LatencyHistogram.Distribution();
    for (Node node : service.nodes().all()) {
      node.latency().addTo(sum);
    }
    outrun.addTo(sum);
    long[] next = window.tick(sum);
    if (next != null) {
      quantiles = next;
    }
  }

  /** Whether the service has too much to do; then nothing is tried twice. */
  boolean isShedding() {
    return shedding.isShedding();
  }

  /** Control thread. */
  public void setShedding(Shedding next) {
    shedding = next;
  }

  /**
   * What hashing methods look at.
   *
   * @param client the hash of the client's address
   */
  int key(Head request, int client) {
    return key.of(request, client);
  }

  /** Which node a client stays with; null: any. */
  @Nullable AffinityTable affinity() {
    return affinity;
  }

  /**
   * Control thread.
   *
   * @param tokens what cookies say; null: clients do not stay with nodes
   */
  public void setAffinity(@Nullable AffinityTokens tokens, long epochMillis) {
    affinity = tokens == null ? null : tokens.table(service.nodes().all(), epochMillis);
  }

  /** Whether clients get what nodes say of their load. */
  boolean passesLoadMetrics() {
    return passesLoadMetrics;
  }

  /** Control thread. */
  public void setConfig(ServiceConfig next, @Nullable NodeTls tls) {
    link = NodeLink.of(next, tls);
    key = new RequestKey(next.balance().hash());
    passesLoadMetrics = next.balance().loadMetrics() == LoadMetrics.PASS;
    admission.configure(next);
  }

  /** Who asks first before it picks a node; null: nobody needs to. */
  @Nullable Admission admission() {
    return admission.isOpen() ? null : admission;
  }

  /** Where who finds no node waits for one; null: it does not. */
  @Nullable Admission holding() {
    return admission.holds() ? admission : null;
  }

  /**
   * Counts a request in at that node, or at another if it has as many as it may have.
   *
   * @return null if all have
   */
  @Nullable Node claim(Node picked, RandomGenerator random) {
    if (admission.perNode() == ServiceLimits.UNLIMITED) {
      picked.requestStarted();
      return picked;
    }
    return admission.claim(picked, random);
  }

  /**
   * The same for a connection that is relayed, or a session of datagrams: each counts as a
   * connection to its node and as a request in flight.
   *
   * @param avoid a node that has just failed; null: none has
   */
  public @Nullable Node claimRelayed(Node picked, @Nullable Node avoid, RandomGenerator random) {
    return admission.claimRelayed(picked, avoid, random);
  }

  /** Sets limits by what has been seen; control thread, ten times a second. */
  public void adapt(long now, Consumer<Event> events) {
    admission.tick(now, events);
  }

  /** Looks whether repeating does harm; control thread, once a second. */
  public void watch(long now, Consumer<Event> events) {
    admission.second(now, events);
  }
}
