package io.fairlead.config;

/**
 * One record of a zone, ready to be sent. Its arrays are handed out uncopied; nobody writes them.
 */
public final class ZoneRecord {
  private final byte[] owner;
  private final int type;
  private final int ttl;
  private final byte[] data;

  /**
   * @param owner the name as it is sent, in lower case
   * @param type its number
   * @param ttl seconds, 0 to 2^31 - 1
   * @param data as it is sent, names in it uncompressed
   */
  public ZoneRecord(byte[] owner, int type, int ttl, byte[] data) {
    this.owner = owner;
    this.type = type;
    this.ttl = ttl;
    this.data = data;
  }

  public byte[] owner() {
    return owner;
  }

  public int type() {
    return type;
  }

  public int ttl() {
    return ttl;
  }

  public byte[] data() {
    return data;
  }
}
