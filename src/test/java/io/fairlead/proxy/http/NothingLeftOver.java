package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Shows after each test that it left nothing behind: no exchange in use, no request in flight, no
 * connection at either side (an idea of Caffeine's tests); and after all of its class that no
 * buffer was forgotten. To see those takes a collection of the whole heap, which hundreds of small
 * tests would spend most of their time in, and which stops whatever else runs in the process. Those
 * who look for a leak ({@code -Dleaks=paranoid}) get it after each test.
 *
 * <p>What a test opens it hands to {@link #closes}, proxies to {@link #watches}; closing is done
 * here, clients first, last opened first.
 */
public final class NothingLeftOver implements BeforeEachCallback, AfterEachCallback {
  /** A proxy that can say what is left in it. */
  public interface Watched {
    /** Ends what would otherwise go on for a while though its client is gone. */
    default void settle() {}

    /** What is still going on, in words; empty when nothing is. */
    String busy();

    /** Connections to nodes that are open; meant for after {@link #close}. */
    String open();

    void close();
  }

  private static final ExtensionContext.Namespace OF_CLASS =
      ExtensionContext.Namespace.create(NothingLeftOver.class);

  private static final boolean SEARCHED =
      "paranoid".equals(System.getProperty("io.netty.leakDetection.level"));

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Deque<Watched> proxies = new ArrayDeque<>();

  /** Will be closed after the test. */
  public synchronized <T extends AutoCloseable> T closes(T resource) {
    opened.push(resource);
    return resource;
  }

  /** Must come to rest after the test, and will be closed then. */
  public synchronized <T extends Watched> T watches(T proxy) {
    proxies.push(proxy);
    return proxy;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Leaks.listen();
    ExtensionContext of = context;
    while (of.getTestMethod().isPresent()) {
      of = of.getParent().orElseThrow();
    }
    of.getStore(OF_CLASS).computeIfAbsent("", _ -> (AutoCloseable) NothingLeftOver::noLeaks);
  }

  private static void noLeaks() throws InterruptedException {
    Leaks.collect(); // so that nothing is left to the next class to tell
    assertThat(Leaks.found()).isEmpty();
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    try {
      while (!opened.isEmpty()) {
        opened.pop().close();
      }
      for (Watched proxy : proxies) {
        proxy.settle();
        Await.nothing(proxy::busy);
      }
    } finally {
      for (Watched proxy : proxies) {
        proxy.close();
      }
    }
    while (!proxies.isEmpty()) {
      Await.nothing(proxies.pop()::open);
    }
    if (SEARCHED) {
      noLeaks();
    }
  }
}
