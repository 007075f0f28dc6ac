package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a zone must not be, and what is said of it. */
final class ZoneFileTest {
  private static final String HEAD =
      "$TTL 300\n@ SOA ns hostmaster 1 3600 600 604800 60\n@ NS ns\nns A 192.0.2.53\n";

  @TempDir Path folder;

  private ZoneFile read(String text) throws IOException {
    Path file = folder.resolve("zone");
    Files.writeString(file, text);
    return ZoneFile.read(file, "fl.test");
  }

  @Test
  void everyRecordIsThere() throws IOException {
    assertThat(read(HEAD + "a CNAME b\nb CNAME c.example.\n*.w CNAME b\n").records()).hasSize(6);
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "a A 192.0.2.1\\na CNAME b     | a.fl.test. CNAME: must not be beside a CNAME",
        "a CNAME b\\na A 192.0.2.1     | a.fl.test. A: must not be beside a CNAME",
        "a CNAME b\\na CNAME c         | a.fl.test. CNAME: must not be beside a CNAME",
        "a CNAME a                     | a.fl.test. CNAME: leads in a circle",
        "x.w A 192.0.2.1\\n*.w CNAME y.w | *.w.fl.test. CNAME: leads in a circle",
        "a.example. A 192.0.2.1        | a.example. A: must be a name of fl.test",
        "a SOA ns x 1 2 3 4 5          | a.fl.test. SOA: must not be but at fl.test",
        "a CH A 192.0.2.1              | a.fl.test. A: must be of class IN",
        "a A 192.0.2.300               | line 5: Invalid address: 192.0.2.300",
        "a NOTHING x                   | line 5: ",
        "$INCLUDE other                | ",
        "a DNAME b                     | a.fl.test. DNAME: DNAME is not available in this version",
        "a NSEC b A                    | a.fl.test. NSEC: signed zones are not available"
      })
  void aWrongOneIsRefusedWithTheReason(String lines, String why) {
    assertThatThrownBy(() -> read(HEAD + lines.replace("\\n", "\n") + "\n"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(folder.resolve("zone").toString())
        .hasMessageContaining(why == null ? "" : why);
  }

  @Test
  void oneWithoutWhatAZoneMustHaveIsRefused() {
    assertThatThrownBy(() -> read("@ 300 NS ns\n"))
        .hasMessageContaining("must have a SOA and a NS");
    assertThatThrownBy(() -> read(HEAD.replace("@ NS ns\n", "")))
        .hasMessageContaining("must have a SOA and a NS");
    assertThatThrownBy(() -> ZoneFile.read(folder.resolve("none"), "fl.test"))
        .hasMessageContaining("there is no such file");
  }

  @Test
  void aBalancedNameNeedsRoomBesideIt() throws IOException {
    ZoneFile zone = read(HEAD + "a A 192.0.2.1\nb CNAME a\nc NS ns.c\nd TXT x\n");
    assertThat(zone.objectionTo("a.fl.test", 1)).contains("of type A ");
    assertThat(zone.objectionTo("a.fl.test", 28)).isNull();
    assertThat(zone.objectionTo("b.fl.test", 1)).contains("of type CNAME ");
    assertThat(zone.objectionTo("x.c.fl.test", 1)).contains("delegates: c.fl.test.");
    assertThat(zone.objectionTo("d.fl.test", 1)).isNull();
    assertThat(zone.objectionTo("e.fl.test", 1)).isNull();
  }
}
