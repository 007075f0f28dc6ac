package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadReportTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TEXT rif=3|3",
        "TEXT named_metrics.rif=3|3",
        "TEXT cpu_utilization=0.3, named_metrics.rif=12.0,mem_utilization=0.8|12",
        "TEXT drif=3|-1",
        "TEXT rif=|-1",
        "TEXT rif=-3|-1",
        "TEXT rif|-1",
        "TEXT rif=99999999999999999999|1000000",
        "TEXT ,,,=,rif=1|1",
        "JSON {\"named_metrics\": {\"rif\": 7}}|7",
        "JSON {\"cpu_utilization\":0.3,\"rif\":0}|0",
        "JSON {\"named_metrics.rif\":5}|5",
        "JSON {\"rif\": \"5\"}|-1",
        "JSON {\"a\":\"rif\"}|-1",
        "JSON {\"rif|-1",
        "JSON {\"rif\"|-1",
        "BIN AAAA|-1",
        "TEXT|-1",
        "''|-1"
      })
  void whatIsRead(String value, int inFlight) {
    byte[] bytes = Ascii.bytes("x" + value + "y");
    assertThat(LoadReport.inFlight(bytes, 1, bytes.length - 1)).isEqualTo(inFlight);
  }
}
