package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.QuicMembers;
import java.net.InetSocketAddress;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What instances write down of their connections by HTTP/3. */
final class QuicKeeperTest {
  @Test
  void itIsRead() {
    assertThat(QuicKeeper.read("10.0.0.11:7400 0 1a2b ffff"))
        .isEqualTo(
            new QuicMembers.Member(
                new InetSocketAddress("10.0.0.11", 7400), Set.of(0, 0x1a2b, 0xffff)));
    assertThat(QuicKeeper.read("[fd00::11]:7400"))
        .isEqualTo(new QuicMembers.Member(new InetSocketAddress("fd00::11", 7400), Set.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "10.0.0.11", "edge-1:7400 1", "10.0.0.11:7400 g", " "})
  void whatIsSomethingElseIsNothing(String text) {
    assertThat(QuicKeeper.read(text)).isNull();
  }

  @Test
  void tagsThatCannotBeAreLeftOut() {
    QuicMembers.Member read = QuicKeeper.read("10.0.0.11:7400 10000 -1 7");
    assertThat(read)
        .isEqualTo(new QuicMembers.Member(new InetSocketAddress("10.0.0.11", 7400), Set.of(7)));
  }
}
