package io.fairlead.replication.backup;

import io.fairlead.config.HostPort;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.replication.MariadbPrograms;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * A member that is backed up, as it describes itself. Its data is copied as files, so it has to be
 * on this machine.
 *
 * @param name in the configuration
 * @param server what tells it and its log from another: its number and where its log is
 * @param version such as 10.11
 * @param lowerCase its {@code lower_case_table_names}
 * @param process which process it is: its number, when it began and in which run of the machine
 */
record MariadbMember(String name, String server, String version, int lowerCase, String process) {
  private static final Set<String> SERVERS = Set.of("mariadbd", "mysqld");

  /** Elsewhere than in the folder of the data they would not be copied, or not to a new place. */
  private static final String QUESTION =
      "select @@datadir, @@pid_file, @@version, @@server_id, @@log_bin, @@log_slave_updates,"
          + " @@global.binlog_checksum, ifnull(@@log_bin_basename, ''), @@lower_case_table_names,"
          + " @@encrypt_binlog, @@global.innodb_encrypt_tables,"
          + " ifnull(@@innodb_data_home_dir, ''), @@innodb_log_group_home_dir,"
          + " ifnull(@@innodb_undo_directory, '')";

  private static final int ANSWERS = 14;

  /** Another one each time that the machine begins to run. */
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

  /** Of the fields of {@code stat} behind the name. */
  private static final int BEGAN = 19;

  /**
   * Those of this machine that can be asked, in the order in which copying hurts least: who does
   * not take the writes comes first, since a member stands still for a moment while it is copied.
   */
  static List<MemberView> here(DatabaseView view) {
    return view.members().stream()
        .filter(member -> member.node().facts().up() && isHere(member.node().address()))
        .sorted(
            Comparator.comparing(
                (MemberView member) -> member.node().name().equals(view.primary())))
        .toList();
  }

  static boolean isHere(HostPort address) {
    try {
      InetAddress host = InetAddress.getByName(address.host());
      return host.isLoopbackAddress() || NetworkInterface.getByInetAddress(host) != null;
    } catch (UnknownHostException | SocketException _) {
      return false;
    }
  }

  /**
   * Asks it, and sees to it that it can be backed up.
   *
   * @throws IOException saying what it has to be told, if it cannot
   */
  static MariadbMember ask(String name, MariadbAccess access, MariadbPrograms programs)
      throws IOException {
    String[] said = access.ask(QUESTION).split("\t", -1);
    if (said.length != ANSWERS) {
      throw new IOException(name + " does not say what it is: " + String.join(" ", said));
    }
    if (!said[4].equals("1")) {
      throw new IOException(name + " keeps no log: it needs log_bin");
    }
    if (!said[5].equals("1")) {
      throw new IOException(
          name + " does not log what other members write: it needs log_slave_updates=ON");
    }
    if (!said[6].equals("CRC32")) {
      throw new IOException(name + " logs without checksums: it needs binlog_checksum=CRC32");
    }
    if (!said[9].equals("0") || !said[10].equals("OFF")) {
      throw new IOException(name + " encrypts its data or log, which cannot be backed up here");
    }
    Path data = Path.of(said[0]).normalize();
    for (String other : List.of(said[11], said[12], said[13])) {
      if (!other.isEmpty() && !data.resolve(other).normalize().equals(data)) {
        throw new IOException(
            name
                + " has data of InnoDB outside of "
                + data
                + " ("
                + other
                + "), which is not copied");
      }
    }
    String process = processHere(name, data, data.resolve(said[1]));
    String version = MariadbPrograms.series(said[2]);
    if (!version.equals(programs.version())) {
      throw new IOException(
          name
              + " is MariaDB "
              + version
              + ", and the programs here are of "
              + programs.version()
              + "; they have to be the same");
    }
    return new MariadbMember(
        name, said[3] + " " + said[7], version, Integer.parseInt(said[8]), process);
  }

  /** Else the files of another server would be copied, which has its data in the same place. */
  private static String processHere(String name, Path data, Path pid) throws IOException {
    if (!Files.isDirectory(data)) {
      throw new IOException(
          name
              + " has its data in "
              + data
              + ", which is not here: Fairlead copies files, and has to"
              + " run on the machine of a member");
    }
    String why;
    try {
      String number = Files.readString(pid).strip();
      if (number.matches("[0-9]{1,9}")
          && SERVERS.contains(Files.readString(Path.of("/proc", number, "comm")).strip())) {
        return Files.readString(BOOT).strip() + " " + number + " " + began(number);
      }
      why = "it is not the process that " + pid + " names";
    } catch (IOException e) {
      why = "its process cannot be found by " + pid + ": " + e.getMessage();
    }
    throw new IOException(name + " is not known to run on this machine: " + why);
  }

  /** In ticks since the machine did, which nobody sets right afterwards. */
  private static String began(String process) throws IOException {
    // PID (NAME) STATE PARENT … and the name may have blanks and parentheses
    String said = Files.readString(Path.of("/proc", process, "stat"), StandardCharsets.ISO_8859_1);
    String[] fields = said.substring(said.lastIndexOf(')') + 1).strip().split(" ", -1);
    if (fields.length <= BEGAN) {
      throw new IOException("/proc/" + process + "/stat does not say when it began");
    }
    return fields[BEGAN];
  }
}
