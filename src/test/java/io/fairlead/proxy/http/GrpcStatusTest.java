package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GrpcStatusTest {
  @ParameterizedTest
  @CsvSource({
    "0, false", "1, false", "2, true", "3, false", "4, false", "5, false", "7, false",
    "8, false", "12, false", "13, true", "14, true", "15, true", "16, false", "20, false",
    "'', false", "133, false", "x, false"
  })
  void theNodesFaultOrNot(String code, boolean itsFault) {
    assertThat(GrpcStatus.isNodesFault(trailers("grpc-status", code))).isEqualTo(itsFault);
  }

  @Test
  void whereThereIsNoneThereIsNoFault() {
    assertThat(GrpcStatus.isNodesFault(trailers("x-status", "14"))).isFalse();
    assertThat(GrpcStatus.isNodesFault(Head.NONE)).isFalse();
  }

  private static Head trailers(String name, String value) {
    Head head = new Head();
    head.reset();
    head.openField(Ascii.bytes(name));
    head.put(Ascii.bytes(value));
    head.closeField(FieldName.OTHER);
    return head;
  }
}
