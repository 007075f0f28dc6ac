package io.fairlead.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SipHashTest {
  /** The example in appendix A of the paper, wherever the text stands. */
  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void theHashIsThatOfItsAuthors(int start) {
    byte[] key = new byte[16];
    byte[] text = new byte[start + 15];
    for (int i = 0; i < 16; i++) {
      key[i] = (byte) i;
    }
    for (int i = 0; i < 15; i++) {
      text[start + i] = (byte) i;
    }
    assertThat(new SipHash(key).hash(text, start, start + 15)).isEqualTo(0xa129ca6149be45e5L);
  }
}
