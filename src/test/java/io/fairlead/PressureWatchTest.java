package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PressureWatchTest {
  private static final int OPENED = 300;

  @Test
  void theKernelTellsHowManyDescriptorsAreOpen() throws IOException {
    long before = PressureWatch.descriptorsByKernel();
    assumeThat(before).as("Linux 6.2 or later").isPositive();
    List<Closeable> opened = new ArrayList<>();
    try {
      for (int i = 0; i < OPENED; i++) {
        opened.add(FileChannel.open(Path.of("/dev/null")));
      }
      // Others of this process may open and close some, too.
      assertThat(PressureWatch.descriptorsByKernel() - before)
          .isBetween(OPENED - 50L, OPENED + 50L);
    } finally {
      for (Closeable each : opened) {
        each.close();
      }
    }
    assertThat(PressureWatch.descriptorsByKernel() - before).isBetween(-50L, 50L);
  }
}
