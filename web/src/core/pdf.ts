// Pages of a PDF, drawn by pdf.js in a worker. It is loaded when a document is first
// looked at, runs no script of the document, and asks no other address.
import type { PDFDocumentProxy } from "pdfjs-dist";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";

/** What a page may take of a weak machine's memory, in pixels of four bytes. */
const CANVAS_PIXELS = 16_000_000;
const PICTURE_PIXELS = 80_000_000;

export interface Pdf {
  pages: number;
  /** draw fills the canvas with a page (from 1), as wide as given in device pixels. */
  draw(canvas: HTMLCanvasElement, page: number, width: number): Promise<void>;
  close(): void;
}

/** openPdf reads a file; it rejects when it is none that can be drawn. */
export async function openPdf(data: Uint8Array<ArrayBuffer>): Promise<Pdf> {
  const lib = await import("pdfjs-dist");
  lib.GlobalWorkerOptions.workerSrc = worker;
  // pdf.js takes the bytes for itself.
  const task = lib.getDocument({
    data: data.slice(),
    useWasm: false,
    enableXfa: false,
    maxImageSize: PICTURE_PIXELS,
  });
  const doc: PDFDocumentProxy = await task.promise;
  return {
    pages: doc.numPages,
    async draw(canvas, number, width) {
      const page = await doc.getPage(number);
      const whole = page.getViewport({ scale: 1 });
      const most = Math.sqrt(CANVAS_PIXELS / (whole.width * whole.height));
      const viewport = page.getViewport({ scale: Math.min(width / whole.width, 4, most) });
      canvas.width = Math.floor(viewport.width);
      canvas.height = Math.floor(viewport.height);
      await page.render({ canvas, viewport }).promise;
    },
    close() {
      void task.destroy();
    },
  };
}
