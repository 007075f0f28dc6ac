package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VipAddressTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.100/24, 10.0.0.100/24",
    "10.0.0.100, 10.0.0.100/32",
    "FE80::100/64, fe80::100/64",
    "fd00:0:0:0:1:0:0:1, fd00::1:0:0:1/128",
    "1:0:2:3:4:5:6:7, 1:0:2:3:4:5:6:7/128",
    "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::/128",
    "0:0:0:4:5:6:7:8, ::4:5:6:7:8/128",
    "1:10:0:0:20:0:0:0, 1:10:0:0:20::/128"
  })
  void isWrittenAsPeopleWriteIt(String text, String written) {
    assertThat(VipAddress.parse(text)).hasToString(written);
  }
}
