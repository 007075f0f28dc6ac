package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The watchdog itself has to bite. */
final class NothingLeftOverTest {

  @BeforeAll
  static void listen() throws InterruptedException {
    Leaks.listen();
    assertThat(Leaks.found()).as("leaks of earlier tests").isEmpty();
  }

  @Test
  void aBufferThatNobodyReleasedIsFound() throws InterruptedException {
    forgetABuffer();
    Leaks.collect();
    assertThat(Leaks.found()).singleElement().asString().contains("was not released");
    assertThat(Leaks.found()).isEmpty();
  }

  @Test
  void aClassThatForgetsABufferFails() {
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request().selectors(selectClass(Forgets.class)).build(),
            summary);
    assertThat(summary.getSummary().getFailures())
        .singleElement()
        .extracting(failure -> failure.getException().getMessage())
        .asString()
        .contains("was not released");
  }

  /** Not a test of its own: started above. */
  static final class Forgets {
    @RegisterExtension final NothingLeftOver nothing = new NothingLeftOver();

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aBuffer(boolean forgets) {
      if (forgets) {
        forgetABuffer();
      }
    }
  }

  private static void forgetABuffer() {
    int _ = PooledByteBufAllocator.DEFAULT.directBuffer(32).writeByte(1).readableBytes();
  }
}
