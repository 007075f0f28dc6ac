package io.fairlead.record.export;

/** Somebody who takes rows. */
interface ExportTarget extends RowSender {
  /** Bytes of rows that it gets at once, about. */
  int most();
}
