package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.QuicMembers.Member;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who has named a connection. */
final class QuicMembersTest {
  private final InetSocketAddress first = new InetSocketAddress("10.0.0.11", 7400);
  private final InetSocketAddress second = new InetSocketAddress("fd00::12", 7400);

  @Test
  void eachTagLeadsToTheOneThatHasIt() {
    QuicMembers members =
        new QuicMembers(
            List.of(
                new Member(first, Set.of(0, 4711)), new Member(second, Set.of(65_535, 1, 4711))),
            Set.of());
    assertThat(members.find(0)).isEqualTo(first);
    assertThat(members.find(1)).isEqualTo(second);
    assertThat(members.find(65_535)).isEqualTo(second);
    assertThat(members.find(4711)).as("the first of two counts").isEqualTo(first);
    assertThat(members.find(2)).isNull();
    assertThat(members.find(-1)).isNull();
    assertThat(QuicMembers.NONE.find(0)).isNull();
  }

  @Test
  void membersAreWhereTheySayAndWhereTheConfigurationSays() {
    InetAddress host = InetAddress.ofLiteral("10.0.0.13");
    QuicMembers members = new QuicMembers(List.of(new Member(second, Set.of())), Set.of(host));
    assertThat(members.has(host)).isTrue();
    assertThat(members.has(second.getAddress())).isTrue();
    assertThat(members.has(first.getAddress())).isFalse();
  }
}
