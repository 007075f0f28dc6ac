package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DescriptorsTest {
  @ParameterizedTest
  @CsvSource({"1024, 64", "100, 50", "1048576, 52428", "4000, 200"})
  void aTwentiethIsKeptForEverythingElse(long most, long reserve) {
    assertThat(Descriptors.reserve(most)).isEqualTo(reserve);
  }

  @Test
  void whatIsTakenBetweenTwoLooksIsCounted() {
    Descriptors descriptors = new Descriptors();
    assertThat(descriptors.take()).isTrue(); // nothing known: no bound
    descriptors.look(958, 1024); // 64 are kept
    assertThat(descriptors.take()).isTrue();
    assertThat(descriptors.isLeft()).isTrue();
    assertThat(descriptors.take()).isTrue();
    assertThat(descriptors.isLeft()).isFalse();
    assertThat(descriptors.take()).isFalse();
    descriptors.give();
    assertThat(descriptors.isLeft()).isFalse();
    descriptors.look(900, 1024);
    assertThat(descriptors.take()).isTrue();
    descriptors.look(5000, 0); // the system does not say
    assertThat(descriptors.take()).isTrue();
  }

  @Test
  void thatThereAreFewIsToldUntilManyLooksInARowHaveFoundRoom() {
    Descriptors descriptors = new Descriptors();
    descriptors.look(900, 1024);
    assertThat(descriptors.areFew()).isFalse();
    descriptors.look(960, 1024);
    assertThat(descriptors.areFew()).isTrue();
    for (int look = 0; look < Descriptors.CALM; look++) {
      descriptors.look(900, 1024);
      assertThat(descriptors.areFew()).as("after %d", look).isTrue();
    }
    descriptors.look(900, 1024);
    assertThat(descriptors.areFew()).isFalse();
  }

  @Test
  void whatIsUsedUpBetweenTwoLooksIsToldAtTheNext() {
    Descriptors descriptors = new Descriptors();
    descriptors.look(958, 1024);
    assertThat(descriptors.take()).isTrue();
    assertThat(descriptors.take()).isTrue();
    descriptors.look(900, 1024);
    assertThat(descriptors.areFew()).isTrue();
  }
}
