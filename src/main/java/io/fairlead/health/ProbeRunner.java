package io.fairlead.health;

import io.fairlead.config.CommandProbe;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.RoleProbe;
import io.fairlead.service.Node;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs probes on virtual threads, {@value #AT_ONCE} at once at most, and {@value #COMMANDS_AT_ONCE}
 * programs: what is due beyond that waits for its turn, its own time begins when its turn comes,
 * and it is counted as late.
 */
final class ProbeRunner implements HealthChecker.Launcher, AutoCloseable {
  static final int AT_ONCE = 512;
  static final int COMMANDS_AT_ONCE = 16;
  private static final System.Logger LOG = System.getLogger(ProbeRunner.class.getName());
  private static final Duration LATE = Duration.ofMillis(100);
  private static final Duration LOOKUP_TIMEOUT = Duration.ofSeconds(10);

  private final Semaphore turns = new Semaphore(AT_ONCE);
  private final Semaphore commands = new Semaphore(COMMANDS_AT_ONCE);
  private final LongAdder late = new LongAdder();
  private final Names names;
  private final Map<Node, KeptTalk> kept = new ConcurrentHashMap<>();

  ProbeRunner(Names names) {
    this.names = names;
  }

  static ProbeRunner ofSystem() {
    return new ProbeRunner(new Names(InetAddress::getAllByName));
  }

  /** How many probes began more than 100 ms after they were due. */
  @Override
  public long late() {
    return late.sum();
  }

  @Override
  public void probe(
      Node node, HealthCheckConfig config, @Nullable ProbeTls tls, Consumer<ProbeResult> then) {
    long due = System.nanoTime();
    Semaphore turns = config.probe() instanceof CommandProbe ? commands : this.turns;
    Thread.ofVirtual()
        .name("probe " + node)
        .start(() -> {
          turns.acquireUninterruptibly();
          ProbeResult result;
          try {
            if (System.nanoTime() - due > LATE.toNanos()) {
              late.increment();
            }
            result = probe(node, config, tls);
          } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "the probe of " + node + " failed by a mistake of ours", e);
            result = new ProbeResult.Failed("the probe itself failed: " + e);
          } finally {
            turns.release();
          }
          then.accept(result);
        });
  }

  /** Of members of databases; of others nothing is kept. */
  private KeptTalk kept(Node node, HealthCheckConfig config) {
    if (config.probe() instanceof RoleProbe && node.isMember()) {
      return kept.computeIfAbsent(node, _ -> new KeptTalk());
    }
    KeptTalk none = new KeptTalk();
    none.close();
    return none;
  }

  @Override
  public void forget(Node node) {
    KeptTalk known = kept.remove(node);
    if (known != null) {
      Thread _ = Thread.ofVirtual().name("bye " + node).start(known::close);
    }
  }

  private static HostPort asked(HostPort node, HealthCheckConfig config) {
    return config.port() == 0 ? node : new HostPort(node.host(), config.port());
  }

  private static InetSocketAddress asked(InetSocketAddress node, HealthCheckConfig config) {
    return config.port() == 0 ? node : new InetSocketAddress(node.getAddress(), config.port());
  }

  private ProbeResult probe(Node node, HealthCheckConfig config, @Nullable ProbeTls tls) {
    Deadline deadline = Deadline.after(config.timeout());
    try {
      InetSocketAddress address = node.socketAddress();
      if (address == null) {
        address = names.resolve(node, deadline);
      }
      if (address == null) {
        return new ProbeResult.Failed("name does not resolve");
      }
      if (tls == null && node.certificateEnd() != 0) {
        node.setCertificateEnd(0); // it shows none any more
      }
      ProbeLink link = tls == null ? ProbeLink.CLEAR : new ProbeLink.Secure(tls, node);
      ProbeResult result =
          Prober.of(config, asked(node.address(), config), link, kept(node, config))
              .probe(asked(address, config), deadline);
      String wrong =
          CertificateTime.judge(
              node.certificateEnd(), System.currentTimeMillis(), config.certificateLeft());
      return wrong == null || !result.passed() ? result : new ProbeResult.Failed(wrong);
    } catch (SocketTimeoutException _) {
      return deadline.missed();
    } catch (InterruptedException _) {
      return new ProbeResult.Failed("interrupted");
    }
  }

  @Override
  public void resolve(Node node) {
    Thread.ofVirtual()
        .name("resolve " + node)
        .start(() -> {
          try {
            names.resolve(node, Deadline.after(LOOKUP_TIMEOUT));
          } catch (SocketTimeoutException | InterruptedException _) {
            // it keeps the address it has, and the next round tries again
          }
        });
  }

  @Override
  public void close() {
    names.close();
    kept.values().forEach(KeptTalk::close);
  }
}
