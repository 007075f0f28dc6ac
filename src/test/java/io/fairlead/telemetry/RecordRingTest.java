package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecordRingTest {
  @TempDir private Path data;

  @Test
  void whatIsWrittenIsRead() throws Exception {
    RecordNames names = new RecordNames();
    int shop = names.number(RecordNames.Kind.SERVICE, "shop");
    RecordRings rings = RecordRings.open(data, 1, 4 << 20, names);
    RecordDraft draft = new RecordDraft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.names(0, 0, shop, 0);
    rings.ring(0).write(draft);
    RecordReader reader = rings.reader(0);
    assertThat(reader.next()).isTrue();
    assertThat(names.text(reader.record().service())).isEqualTo("shop");
    assertThat(reader.next()).isFalse();
    assertThat(RecordRings.left(data)).isEmpty();
    rings.leave();
    List<LeftRings> left = RecordRings.left(data);
    assertThat(left).hasSize(1);
    assertThat(left.getFirst().readers().getFirst().next()).isTrue();
    left.getFirst().remove();
    assertThat(RecordRings.left(data)).isEmpty();
  }
}
