package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DnsZoneConfig;
import io.fairlead.config.DnsZoneConfig.Balanced;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which members answers have. A pool is a word with a letter for each member: U up, D down, d
 * draining (and up), 0 of no weight, - there is none; u, x and r are up, but an operator says up,
 * down and drain; X is down and an operator says up.
 */
final class ChoicesTest {
  @ParameterizedTest(name = "{0} {1} at least {2}%: {3}")
  @CsvSource(
      delimiter = '|',
      value = {
        "UUU | UU | 0   | 1: 1 2 3      | all of the first pool",
        "UDU | UU | 0   | 1: 1 3        | those that are up",
        "DDD | UU | 0   | 2: 1 2        | the next pool, when nobody of the first is up",
        "UDD | UU | 50  | 2: 1 2        | or when too few are",
        "UUD | UU | 50  | 1: 1 2        | enough",
        "UUU | UU | 100 | 1: 1 2 3      | all have to be up",
        "UUD | UU | 100 | 2: 1 2        | and one is not",
        "UDD | DD | 50  | 1! 1 2 3      | no pool has enough: everything of the first",
        "DDD | DD | 0   | 1! 1 2 3      | nobody is up",
        "DDd | -  | 0   | 1! 1 2        | whoever drains stays out then, too",
        "ddd | -  | 0   | 1! 1 2 3      | unless there are only such",
        "ddd | UD | 0   | 2: 1          | drained is not up",
        "Udd | -  | 100 | 1: 1          | nor does it count as one that should be up",
        "U00 | -  | 100 | 1: 1          | nor does one of no weight",
        "000 | DU | 0   | 2: 2          | of no weight: of no use",
        "Uxx | -  | 0   | 1: 1          | an operator says down",
        "Dxx | -  | 0   | 1! 1          | which counts though nobody else is there",
        "xxx | -  | 0   | 0!            | so that there may be nothing to answer",
        "DX  | -  | 0   | 1: 2          | an operator says up",
        "UrU | -  | 0   | 1: 1 3        | an operator drains",
        "rr  | -  | 0   | 1! 1 2        | and there is nobody else",
        "DDu | -  | 0   | 1: 3          | up twice over",
        "-   | -  | 0   | 0!            | nobody at all",
        "-   | UU | 0   | 2: 1 2        | an empty pool is none",
      })
  void membersOfAnswers(String first, String second, int least, String wanted, String why) {
    Map<String, Forced> forced = new HashMap<>();
    List<List<Member>> pools = List.of(pool(1, first, forced), pool(2, second, forced));
    Choices choices =
        Choices.of(
            config(least),
            pools,
            pools.stream().map(_ -> "pool").toList(),
            forced,
            List.of(""),
            Member::weight);
    StringBuilder found = new StringBuilder();
    found.append(choices.pool + 1).append(choices.failOpen ? "!" : ":");
    for (int i = 0; i < choices.v4[0].size(); i++) {
      found.append(' ').append(choices.v4[0].address(i)[3]);
    }
    assertThat(found.toString()).as(why).isEqualTo(wanted);
  }

  private static List<Member> pool(int number, String word, Map<String, Forced> forced) {
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < word.length() && !word.equals("-"); i++) {
      char letter = word.charAt(i);
      String address = "192.0." + number + "." + (i + 1);
      members.add(
          TestServer.member(
              address, letter == '0' ? 0 : 1, "", "DX".indexOf(letter) < 0, letter == 'd', 0));
      switch (letter) {
        case 'u', 'X' -> forced.put(address, Forced.UP);
        case 'x' -> forced.put(address, Forced.DOWN);
        case 'r' -> forced.put(address, Forced.DRAIN);
        default -> {}
      }
    }
    return members;
  }

  private static Balanced config(int minHealthy) {
    DnsZoneConfig zone =
        Objects.requireNonNull(
            TestServer.config(
                    String.format(
                        Locale.ROOT,
                        """
                        zones:
                          fl.test:
                            ns: ns.example
                            balanced: { www: { pools: shop, min-healthy: %d%% } }
                        """,
                        minHealthy))
                .zones()
                .get("fl.test"));
    return Objects.requireNonNull(zone.balanced().get("www.fl.test"));
  }

  @ParameterizedTest
  @CsvSource({
    "300,    5",
    "1300,   5",
    "10700,  10",
    "29999,  29",
    "31000,  30",
    "9223372036854775807, 30"
  })
  void anAnswerIsKeptUntilItCouldChange(long millis, int ttl) {
    Member one = changing("192.0.2.1", Long.MAX_VALUE);
    Member other = changing("192.0.2.2", millis);
    Choices choices =
        Choices.of(
            config(0),
            List.of(List.of(one, other)),
            List.of("pool"),
            Map.of(),
            List.of(""),
            Member::weight);
    assertThat(choices.ttl).isEqualTo(ttl);
  }

  private static Member changing(String address, long millis) {
    return new Member(InetAddress.ofLiteral(address), address, 1, "", true, false, 0, 0, millis);
  }

  @Test
  void clientsOfASiteGetItsMembersIfThereAreAny() {
    List<Member> members =
        List.of(
            TestServer.member("192.0.2.1", 1, "east", true, false, 0),
            TestServer.member("192.0.2.2", 1, "west", true, false, 0),
            TestServer.member("2001:db8::2", 1, "west", true, false, 0));
    Choices choices =
        Choices.of(
            config(0),
            List.of(members),
            List.of("pool"),
            Map.of(),
            List.of("", "east", "north"),
            Member::weight);
    assertThat(Arrays.stream(choices.v4).map(Family::size)).containsExactly(2, 1, 2);
    assertThat(Arrays.stream(choices.v6).map(Family::size)).containsExactly(1, 1, 1);
    assertThat(choices.v4[1].address(0)[3]).isEqualTo((byte) 1);
  }
}
