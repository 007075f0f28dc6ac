package io.fairlead.telemetry;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The rings of this process, one for each event loop, one for all other threads, and one for each
 * thread that asks for its own; and how those are found that another one has left.
 *
 * <p>They lie in memory that is a file ({@code /dev/shm}) where there is room, else in the data
 * folder. Each process has a folder of its own and holds a lock in there as long as it lives, which
 * the kernel gives up for it however it ends: so a folder whose lock can be had is of a process
 * that is gone, and one that is still serving, as in a takeover, is never mistaken for it.
 */
public final class RecordRings implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(RecordRings.class.getName());

  /** Memory of the ring for events, probes and lines of logs: few, or lines that can wait. */
  private static final int NOTE_CHUNKS = 6;

  /** Memory of the ring of a thread of its own, which bounds itself how much it records. */
  private static final int OWN_CHUNKS = 6;

  private final RingFolder folder;
  private final RecordNames names;

  /** One for each loop, behind them one for all other threads, and then those of {@link #take}. */
  private final List<RecordRing> rings;

  private final int loops;

  /** Given back by threads that had taken them. */
  private final List<RecordRing> free = new ArrayList<>();

  private final RecordNotes notes;
  private final RingSettings settings;

  private RecordRings(
      RingFolder folder, RecordNames names, List<RecordRing> rings, RingSettings settings) {
    this.folder = folder;
    this.names = names;
    this.rings = new CopyOnWriteArrayList<>(rings);
    this.settings = settings;
    loops = rings.size() - 1;
    notes = new RecordNotes(rings.getLast(), names, Long.parseUnsignedLong(folder.boot(), 16));
  }

  /**
   * Makes the rings of this process.
   *
   * @param data the instance's folder for state
   * @param loops event loops
   * @param bytes of the ring of one loop; a multiple of 1 MiB
   * @param names that records will hold numbers of
   * @throws IOException if there is no room for them anywhere
   */
  public static RecordRings open(Path data, int loops, long bytes, RecordNames names)
      throws IOException {
    Files.createDirectories(data); // as long as it is there, its rings are of use
    RingFolder.sweep();
    int chunks = (int) (bytes >> RingFile.CHUNK_BITS);
    long needed = loops * RingFile.size(chunks) + RingFile.size(NOTE_CHUNKS);
    IOException last = new IOException("there is no place for rings of records");
    for (Path place : RingFolder.places(data)) {
      try {
        if (room(place) < needed) {
          throw new IOException(place + " has no room for " + needed + " bytes");
        }
        return make(place, data, loops, chunks, names);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "no rings of records here: {0}", e.getMessage());
        last = e;
      }
    }
    throw last;
  }

  private static RecordRings make(Path place, Path data, int loops, int chunks, RecordNames names)
      throws IOException {
    RingFolder folder = RingFolder.create(place, data);
    try {
      RingSettings settings = new RingSettings();
      List<RecordRing> rings = new ArrayList<>();
      for (int loop = 0; loop < loops; loop++) {
        rings.add(RecordRing.create(folder.ring(loop), loop, chunks, settings));
      }
      rings.add(RecordRing.create(folder.ring(loops), loops, NOTE_CHUNKS, settings));
      names.writeTo(folder.names());
      folder.show();
      return new RecordRings(folder, names, rings, settings);
    } catch (IOException | RuntimeException e) {
      names.close();
      folder.remove();
      throw e;
    }
  }

  private static long room(Path place) throws IOException {
    Path existing = place;
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    FileStore store = Files.getFileStore(existing);
    return store.getUsableSpace();
  }

  /** The ring that this event loop writes to. */
  public RecordRing ring(int loop) {
    return rings.get(loop);
  }

  public int loops() {
    return loops;
  }

  /** How many there are by now; they have the numbers below that. */
  public int count() {
    return rings.size();
  }

  /**
   * A ring for a thread that is no event loop and records much; of those that were given back, if
   * there is one. May wait a moment.
   *
   * @throws IOException if there is no room for one more where the others are
   */
  public synchronized RecordRing take() throws IOException {
    if (!free.isEmpty()) {
      return free.removeLast();
    }
    if (room(folder.path()) < RingFile.size(OWN_CHUNKS)) {
      throw new IOException(folder.path() + " has no room for one more ring of records");
    }
    int number = rings.size();
    RecordRing ring = RecordRing.create(folder.ring(number), number, OWN_CHUNKS, settings);
    rings.add(ring);
    return ring;
  }

  /** Its thread writes nothing more. */
  public synchronized void giveBack(RecordRing taken) {
    free.add(taken);
  }

  /** Where threads that are no event loops leave what is to be recorded. */
  public RecordNotes notes() {
    return notes;
  }

  /**
   * The one reader of that ring, to be asked for once.
   *
   * @param loop {@link #loops}: the one of {@link #notes}; above: those of {@link #take}
   */
  public RecordReader reader(int loop) {
    return rings.get(loop).reader();
  }

  /** What numbers in records mean. */
  public RecordNames names() {
    return names;
  }

  /** Tells this process from all others, and sorts by time: 16 hexadecimal digits. */
  public String boot() {
    return folder.boot();
  }

  /** Where the files are. */
  public Path path() {
    return folder.path();
  }

  /** Reads the clock for people, once a second: loops add it to the time they have. */
  public void setClock() {
    settings.setClock();
  }

  /** From now on records say no more than that allows. */
  public void setMask(RecordMask mask) {
    settings.mask = mask;
  }

  /** Records that all loops have dropped for that reason. */
  public long dropped(RecordDrop why) {
    long sum = 0;
    for (RecordRing ring : rings) { // no stream: asked some forty times a second
      sum += ring.dropped(why);
    }
    return sum;
  }

  /** Records that all loops have written. */
  public long written() {
    return rings.stream().mapToLong(RecordRing::written).sum();
  }

  /**
   * What processes have left that are gone. Each is kept from others until it is closed; one that
   * is still alive is not among them.
   */
  public static List<LeftRings> left(Path data) throws IOException {
    List<LeftRings> found = new ArrayList<>();
    for (Path place : RingFolder.places(data)) {
      for (RingFolder folder : RingFolder.left(place)) {
        found.add(new LeftRings(folder));
      }
    }
    return found;
  }

  /**
   * Everything has been saved: nothing is left behind. A loop that writes on writes to memory that
   * nobody reads.
   */
  @Override
  public void close() {
    names.close();
    folder.remove();
  }

  /** Something is not saved yet: what is in the rings is left for the next process. */
  public void leave() {
    names.close();
    folder.unlock();
  }
}
