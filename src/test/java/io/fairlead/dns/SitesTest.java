package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Cidr;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which site a client is of, and how much of its address had to be known. */
final class SitesTest {
  private static final Sites SITES = new Sites(networks());

  private static Map<String, List<Cidr>> networks() {
    Map<String, List<Cidr>> networks = new LinkedHashMap<>();
    networks.put("east", List.of(Cidr.parse("10.0.0.0/8"), Cidr.parse("2001:db8::/32")));
    networks.put("west", List.of(Cidr.parse("10.1.0.0/16"), Cidr.parse("10.2.3.4/32")));
    return networks;
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1,      32, east, 16", // not 10.1, not 10.2: known when it could not be 10.1.0.0/16
    "10.1.2.3,      32, west, 16",
    "10.2.3.4,      32, west, 32",
    "10.2.3.5,      32, east, 32",
    "10.1.2.0,      24, west, 16",
    "10.0.0.0,      8,  east, 8", // what is not known does not count
    "192.0.2.1,     32, '',   1",
    "2001:db8::1,  128, east, 32",
    "2001:db9::1,  128, '',   32",
    "::1,          128, '',   3"
  })
  void theLongestPrefixCounts(String address, int prefix, String site, int looked) {
    byte[] bytes = InetAddress.ofLiteral(address).getAddress();
    int found = SITES.find(bytes, bytes.length, prefix);
    assertThat(SITES.names().get(found & 0xFFFF)).isEqualTo(site);
    assertThat(found >>> 16).isEqualTo(looked);
  }
}
