"""What forms say. The companies and people are invented."""

Pair = tuple[str, str]
"""English and Arabic."""

SUPPLIERS: tuple[Pair, ...] = (
    ("Al Noor", "النور"), ("Blue Sea", "البحر الأزرق"), ("Gulf Star", "نجمة الخليج"),
    ("Palm Oasis", "واحة النخيل"), ("Red Dunes", "الكثبان الحمراء"), ("Al Safa", "الصفا"),
    ("Cedar", "الأرز"), ("Nile Valley", "وادي النيل"), ("Atlas", "الأطلس"), ("Al Wafa", "الوفاء"),
    ("Falcon", "الصقر"), ("Horizon", "الأفق"), ("Pearl Coast", "ساحل اللؤلؤ"), ("Sama", "سما"),
    ("Al Amal", "الأمل"), ("Crescent", "الهلال"), ("Jasmine", "الياسمين"), ("Najd", "نجد"),
)  # fmt: skip
TRADES: tuple[Pair, ...] = (
    ("Trading", "للتجارة"), ("Foods", "للأغذية"), ("Contracting", "للمقاولات"),
    ("Electronics", "للإلكترونيات"), ("Building Materials", "لمواد البناء"),
    ("Medical Supplies", "للمستلزمات الطبية"), ("Transport", "للنقل"), ("Paper", "للورق"),
    ("Furniture", "للأثاث"), ("Auto Parts", "لقطع الغيار"), ("Printing", "للطباعة"),
)  # fmt: skip
TITLES: tuple[Pair, ...] = (
    ("TAX INVOICE", "فاتورة ضريبية"), ("INVOICE", "فاتورة"), ("Sales invoice", "فاتورة مبيعات"),
    ("Delivery and invoice", "تسليم وفاتورة"),
)  # fmt: skip
NUMBERS: tuple[Pair, ...] = (
    ("Invoice No", "رقم الفاتورة"), ("Customer No", "رقم العميل"), ("Order No", "رقم الطلب"),
    ("VAT No", "الرقم الضريبي"), ("Reference", "المرجع"), ("Account", "الحساب"),
    ("Delivery note", "إذن التسليم"),
)  # fmt: skip
DATES: tuple[Pair, ...] = (
    ("Date", "التاريخ"), ("Due date", "تاريخ الاستحقاق"), ("Supply date", "تاريخ التوريد"),
)  # fmt: skip
TEXTS: tuple[Pair, ...] = (
    ("Customer", "العميل"), ("Address", "العنوان"), ("Salesman", "المندوب"), ("Branch", "الفرع"),
    ("Terms", "شروط الدفع"), ("Phone", "الهاتف"), ("Currency", "العملة"),
)  # fmt: skip
HEADS: tuple[Pair, ...] = (
    ("Description", "البيان"), ("Qty", "الكمية"), ("Unit price", "سعر الوحدة"),
    ("Discount", "الخصم"), ("VAT", "الضريبة"), ("Total", "الإجمالي"),
)  # fmt: skip
TOTALS: tuple[Pair, ...] = (
    ("Subtotal", "المجموع"), ("VAT 5%", "ضريبة القيمة المضافة ٥٪"),
    ("Grand total", "الإجمالي المستحق"),
)  # fmt: skip
SMALL_PRINT: tuple[Pair, ...] = (
    ("Goods once sold are not taken back after three days.",
     "البضاعة المباعة لا ترد ولا تستبدل بعد ثلاثة أيام."),
    ("Please pay within thirty days to the account below.",
     "يرجى السداد خلال ثلاثين يوما إلى الحساب أدناه."),
    ("This invoice is valid with our stamp only.", "لا تعتمد هذه الفاتورة إلا بختم الشركة."),
    ("Received in good order and condition.", "استلمت البضاعة بحالة جيدة."),
    ("Prices are in local currency and include delivery.",
     "الأسعار بالعملة المحلية وتشمل التوصيل."),
    ("Errors and omissions excepted.", "ما عدا السهو والخطأ."),
)  # fmt: skip
ITEMS: tuple[Pair, ...] = (
    ("Steel bolts", "براغي حديد"), ("Copper wire", "سلك نحاس"), ("Rice, 20 kg", "أرز ٢٠ كجم"),
    ("White paint", "دهان أبيض"), ("Paper rolls", "لفائف ورق"), ("Office chair", "كرسي مكتب"),
    ("Brake pads", "فرامل أمامية"), ("Sugar, fine", "سكر ناعم"), ("Gloves, box", "قفازات علبة"),
    ("LED lamp", "مصباح ليد"), ("Water pump", "مضخة مياه"), ("Cement", "إسمنت"),
)  # fmt: skip
PEOPLE: tuple[Pair, ...] = (
    ("Omar Haddad", "عمر حداد"), ("Dana Stores", "متاجر دانة"), ("Sara Mansour", "سارة منصور"),
    ("Harbour Hotel", "فندق الميناء"), ("City School", "مدرسة المدينة"), ("Yusuf Ali", "يوسف علي"),
)  # fmt: skip
