"""Makes workbooks with openpyxl, a reader and writer that shares nothing with ours."""

import io
import zipfile

import openpyxl


def xlsx(rows, change=None):
    """The bytes of a workbook with these rows; `change` gets workbook and sheet."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    if change:
        change(workbook, workbook.active)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def cells(data):
    """The values of the first sheet."""
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def with_part(data, name, content):
    """The workbook with one of its parts replaced or added."""
    old, file = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return file.getvalue()


def with_sheet(xml):
    """A workbook whose sheet has this XML for its rows."""
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{xml}</sheetData></worksheet>"
    )
    return with_part(xlsx([]), "xl/worksheets/sheet1.xml", sheet)
