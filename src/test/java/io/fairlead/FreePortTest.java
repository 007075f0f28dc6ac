package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FreePortTest {
  /** A random folder or another port with those digits in it made a test fail once in a while. */
  @Test
  void onlyThatPortIsReplaced() {
    String text =
        """
        folder: /tmp/junit-5755015640028136952
        members: { a: "127.0.0.1:5501", b: "127.0.0.1:25501", c: "127.0.0.1:55012" }
        """;
    assertThat(FreePort.instead(text, 5501, 23435))
        .isEqualTo(text.replace("a: \"127.0.0.1:5501", "a: \"127.0.0.1:23435"));
  }
}
