package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

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

  private static void forgetABuffer() {
    int _ = PooledByteBufAllocator.DEFAULT.directBuffer(32).writeByte(1).readableBytes();
  }
}
