package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Shows after each test that it left nothing behind: no exchange in use, no request in flight, no
 * connection at either side, no buffer that was forgotten (an idea of Caffeine's tests).
 *
 * <p>What a test opens it hands to {@link #closes}, proxies to {@link #watches}; closing is done
 * here, clients first, last opened first.
 */
final class NothingLeftOver implements BeforeEachCallback, AfterEachCallback {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Deque<ProxyFixture> proxies = new ArrayDeque<>();

  /** Will be closed after the test. */
  synchronized <T extends AutoCloseable> T closes(T resource) {
    opened.push(resource);
    return resource;
  }

  /** Must come to rest after the test, and will be closed then. */
  synchronized ProxyFixture watches(ProxyFixture proxy) {
    proxies.push(proxy);
    return proxy;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Leaks.listen();
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    try {
      while (!opened.isEmpty()) {
        opened.pop().close();
      }
      for (ProxyFixture proxy : proxies) {
        Await.nothing(proxy::busy);
      }
    } finally {
      for (ProxyFixture proxy : proxies) {
        proxy.close();
      }
    }
    while (!proxies.isEmpty()) {
      Await.nothing(proxies.pop()::open);
    }
    assertThat(Leaks.found()).isEmpty();
  }
}
