package io.fairlead.health;

import io.fairlead.service.Node;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * From host names to addresses. A look-up blocks its thread inside the operating system for as long
 * as it likes, so look-ups have {@value #THREADS} threads of their own; a virtual thread waits for
 * them no longer than its deadline.
 *
 * <p>A name that no longer resolves keeps its last address: a name server that is down is no reason
 * to lose nodes that are up.
 */
final class Names implements AutoCloseable {
  private static final int THREADS = 4;

  /** How a name is looked up; the operating system's way unless a test has another. */
  interface Lookup {
    InetAddress[] addresses(String name) throws UnknownHostException;
  }

  private final Lookup lookup;
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().name("names-", 0).daemon(true).factory());

  Names(Lookup lookup) {
    this.lookup = lookup;
  }

  /**
   * Looks the node's name up and tells the node. The first address is taken, unless the one in use
   * is still among them.
   *
   * @return where to connect to; null if that is not known
   */
  @Nullable InetSocketAddress resolve(Node node, Deadline deadline)
      throws SocketTimeoutException, InterruptedException {
    Future<InetAddress[]> answer = threads.submit(() -> lookup.addresses(node.address().host()));
    try {
      InetAddress[] found = answer.get(deadline.remainingMillis(), TimeUnit.MILLISECONDS);
      InetSocketAddress known = node.socketAddress();
      if (found.length > 0
          && (known == null || !Arrays.asList(found).contains(known.getAddress()))) {
        node.setSocketAddress(new InetSocketAddress(found[0], node.address().port()));
      }
    } catch (ExecutionException | TimeoutException _) {
      answer.cancel(false);
    }
    return node.socketAddress();
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
